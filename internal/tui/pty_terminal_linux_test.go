package tui

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/vt"
	"github.com/creack/pty"
	"golang.org/x/term"
)

// terminal is a program on a pty with an emulator at the other end.
type terminal struct {
	t      *testing.T
	master *os.File
	tty    *os.File
	before *term.State
	cmd    *exec.Cmd
	ended  chan struct{}

	mu    sync.Mutex
	vt    *vt.Emulator
	raw   bytes.Buffer
	fresh chan struct{} // closed when the screen changed
}

// play runs the test binary's screen on a pty.
func playOn(t *testing.T, how string, w, h int) *terminal {
	t.Helper()
	return startOn(t, exec.Command(os.Args[0]), w, h, playEnv+"="+how)
}

// startOn runs a command on a pty.
func startOn(t *testing.T, cmd *exec.Cmd, w, h int, env ...string) *terminal {
	t.Helper()
	master, tty, err := pty.Open()
	if err != nil {
		t.Skipf("no pty here: %v", err)
	}
	x := &terminal{t: t, master: master, tty: tty, vt: vt.NewEmulator(w, h), fresh: make(chan struct{}), ended: make(chan struct{})}
	x.resize(w, h)
	if x.before, err = term.GetState(int(tty.Fd())); err != nil {
		t.Fatal(err)
	}
	x.cmd = cmd
	x.cmd.Env = append(append(os.Environ(), "TERM=xterm-256color", "LANG=C.UTF-8", "NO_COLOR=", "COLORTERM=", "CI="), env...)
	x.cmd.Stdin, x.cmd.Stdout, x.cmd.Stderr = tty, tty, tty
	x.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := x.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go x.read()
	go func() { _, _ = io.Copy(master, x.vt) }() // the emulator's answers to queries
	t.Cleanup(func() {
		_ = x.cmd.Process.Kill()
		if w, ok := x.vt.InputPipe().(io.Closer); ok { // ends the copying of answers
			_ = w.Close()
		}
		_ = tty.Close()
		_ = master.Close()
	})
	return x
}

func (x *terminal) read() {
	buf := make([]byte, 32<<10)
	for {
		n, err := x.master.Read(buf)
		x.mu.Lock()
		x.raw.Write(buf[:n])
		_, _ = x.vt.Write(buf[:n])
		close(x.fresh)
		x.fresh = make(chan struct{})
		x.mu.Unlock()
		if err != nil {
			close(x.ended)
			return
		}
	}
}

func (x *terminal) resize(w, h int) {
	if err := pty.Setsize(x.master, &pty.Winsize{Cols: uint16(w), Rows: uint16(h)}); err != nil {
		x.t.Fatal(err)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.vt.Resize(w, h)
}

// wait waits until the screen shows every text.
func (x *terminal) wait(texts ...string) {
	x.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		x.mu.Lock()
		screen, fresh := cells(x.vt), x.fresh
		x.mu.Unlock()
		all := true
		for _, s := range texts {
			all = all && strings.Contains(screen, s)
		}
		if all {
			return
		}
		select {
		case <-fresh:
		case <-x.ended:
			x.t.Fatalf("the program's terminal closed before it showed %q:\n%s", texts, screen)
		case <-deadline:
			x.t.Fatalf("the screen never shows %q:\n%s", texts, screen)
		}
	}
}

// waitFor waits until what the program has written is as said.
func (x *terminal) waitFor(what string, ok func(raw string) bool) {
	x.t.Helper()
	deadline := time.After(30 * time.Second)
	for {
		x.mu.Lock()
		raw, fresh := x.raw.String(), x.fresh
		x.mu.Unlock()
		if ok(raw) {
			return
		}
		select {
		case <-fresh:
		case <-deadline:
			x.t.Fatalf("not so: %s", what)
		}
	}
}

func (x *terminal) send(s string) {
	x.t.Helper()
	if _, err := io.WriteString(x.master, s); err != nil {
		x.t.Fatal(err)
	}
}

// restored fails unless the program ends with the status and leaves the
// terminal as it was: modes, main screen, cursor.
func (x *terminal) restored(status int) {
	x.t.Helper()
	kill := time.AfterFunc(30*time.Second, func() { _ = x.cmd.Process.Kill() })
	err := x.cmd.Wait()
	kill.Stop()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() == status, err == nil && status == 0:
	default:
		x.mu.Lock()
		x.t.Errorf("the program ended with %v, want status %d; it said %q", err, status, x.raw.String())
		x.mu.Unlock()
	}
	x.wait("screen closed") // its last words, on the main screen
	after, err := term.GetState(int(x.tty.Fd()))
	if err != nil {
		x.t.Fatal(err)
	}
	if !reflect.DeepEqual(x.before, after) {
		x.t.Errorf("the terminal's modes are %+v, were %+v", after, x.before)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	raw := x.raw.String()
	if x.vt.IsAltScreen() {
		x.t.Error("the alternate screen was left on")
	}
	if strings.LastIndex(raw, "\x1b[?25h") < strings.LastIndex(raw, "\x1b[?25l") {
		x.t.Error("the cursor was left hidden")
	}
	for _, mode := range []string{"1002", "1006"} {
		if strings.LastIndex(raw, "\x1b[?"+mode+"l") < strings.LastIndex(raw, "\x1b[?"+mode+"h") {
			x.t.Errorf("the mouse was left on: mode %s", mode)
		}
	}
	if strings.LastIndex(raw, "\x1b[?2004l") < strings.LastIndex(raw, "\x1b[?2004h") {
		x.t.Error("bracketed paste was left on")
	}
}
