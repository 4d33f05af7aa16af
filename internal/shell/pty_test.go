//go:build linux

package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// shellEnv makes the test program a shell, with a history at its value.
const shellEnv = "KMODSH_TEST_SHELL"

func TestMain(m *testing.M) {
	if path := os.Getenv(shellEnv); path != "" {
		os.Exit(shellMain(path))
	}
	os.Exit(m.Run())
}

// shellMain is a shell without a target. The verb "target slow" waits until it
// is cancelled, "target panic" panics.
func shellMain(history string) int {
	s := ops.New()
	s.OpenTarget = func(ctx context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		if name == "panic" {
			panic("on purpose")
		}
		fmt.Println("waiting", lflags(0))
		<-ctx.Done()
		return nil, ctx.Err()
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	f := &Front{Session: s, Out: os.Stdout, Err: os.Stderr}
	err := f.Interactive(ctx, Prompt{In: os.Stdin, Out: os.Stdout, History: OpenHistory(history)})
	if err != nil {
		fmt.Println("ended:", err)
		return 1
	}
	fmt.Println("left")
	return 0
}

// lflags are the local modes that matter to whoever uses the terminal next.
func lflags(fd int) string {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("ECHO=%v ICANON=%v ISIG=%v", t.Lflag&unix.ECHO != 0, t.Lflag&unix.ICANON != 0, t.Lflag&unix.ISIG != 0)
}

const cooked = "ECHO=true ICANON=true ISIG=true"

// session is a shell in a pseudo-terminal.
type session struct {
	t    *testing.T
	tty  *os.File
	slot *os.File // our own hold on the other end, to look at its settings
	cmd  *exec.Cmd

	mu   sync.Mutex
	out  bytes.Buffer
	seen int // how much of out has been waited for
	more chan struct{}
}

func start(t *testing.T, history string) *session {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), shellEnv+"="+history, "TERM=xterm", "NO_COLOR=1")
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	if err := pty.Setsize(master, &pty.Winsize{Rows: 24, Cols: 80}); err != nil {
		t.Fatal(err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &session{t: t, tty: master, slot: slave, cmd: cmd, more: make(chan struct{}, 1)}
	go s.read()
	t.Cleanup(func() {
		cmd.Process.Kill()
		slave.Close()
		master.Close()
	})
	return s
}

func (s *session) read() {
	b := make([]byte, 4096)
	for {
		n, err := s.tty.Read(b)
		s.mu.Lock()
		s.out.Write(b[:n])
		s.mu.Unlock()
		select {
		case s.more <- struct{}{}:
		default:
		}
		if err != nil {
			return
		}
	}
}

// want waits until text is printed after what was waited for before.
func (s *session) want(text string) {
	s.t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		all := s.out.String()
		if i := strings.Index(all[s.seen:], text); i >= 0 {
			s.seen += i + len(text)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("no %q after %q in %q", text, all[:s.seen], all[s.seen:])
		}
	}
}

func (s *session) send(keys string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// text is all that was printed.
func (s *session) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.out.String()
}

// left waits for the end and holds the terminal to its old settings.
func (s *session) left(status int) {
	s.t.Helper()
	// One that does not end tells where it stands.
	stuck := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Signal(syscall.SIGQUIT) })
	err := s.cmd.Wait()
	if !stuck.Stop() {
		s.t.Fatalf("the shell does not end:\n%s", s.text())
	}
	var exit *exec.ExitError
	if code := s.cmd.ProcessState.ExitCode(); code != status || err != nil && !errors.As(err, &exit) {
		s.t.Errorf("exit status %d, want %d (%v)", code, status, err)
	}
	if got := lflags(int(s.slot.Fd())); got != cooked {
		s.t.Errorf("the terminal is left with %s", got)
	}
}

// ready is the prompt. Ctrl-D is only sent at it: while a verb runs the
// terminal itself takes it for the end of a line.
const ready = "(no target)> "

func TestPtyQuit(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("help quit\r")
	s.want("Leaves the shell")
	s.want(ready)
	s.send("quit\r")
	s.want("left")
	s.left(0)
}

func TestPtyCtrlDLeavesOnAnEmptyLineOnly(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("\r")                // an empty line is not the end
	s.want(ready)               // as it is left
	s.want(ready)               // and the next
	s.send("quitx\x1b[D\x04\r") // Ctrl-D on a line deletes the x
	s.want("left")
	s.left(0)
}

func TestPtyCtrlD(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("\x04")
	s.want("left")
	s.left(0)
}

func TestPtyCtrlCAtThePromptClearsTheLine(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("frobnicate\x03")
	s.want(ready + "\x1b")
	s.send("info L1\r")
	s.want("rule from") // the candidates have the point's name, too
	s.want(ready)
	s.send("\x04")
	s.left(0)
}

// TestPtyCtrlDTypedAhead: while a verb runs the terminal edits lines, and what
// it makes of Ctrl-D is no key: the shell leaves all the same, once it asks again.
func TestPtyCtrlDTypedAhead(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("target slow\r")
	s.want("waiting " + cooked)
	s.send("\x04")
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	s.want("cancelled by Ctrl-C")
	s.want("left")
	s.left(0)
}

func TestPtyCtrlCCancelsTheVerbOnly(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	for range 2 {
		s.send("target slow\r")
		s.want("waiting " + cooked)
		s.send("\x03")
		s.want("cancelled by Ctrl-C")
		s.want(ready)
	}
	s.send("quit\r")
	s.want("left")
	s.left(0)
}

func TestPtySignalsRestoreTheTerminal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP} {
		for _, during := range []string{"prompt", "verb"} {
			t.Run(sig.String()+" "+during, func(t *testing.T) {
				s := start(t, filepath.Join(t.TempDir(), "h"))
				s.want(ready)
				if during == "verb" {
					s.send("target slow\r")
					s.want("waiting")
				}
				if err := s.cmd.Process.Signal(sig); err != nil {
					t.Fatal(err)
				}
				s.want("ended:")
				s.left(1)
			})
		}
	}
}

func TestPtyPanicRestoresTheTerminal(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("target panic\r")
	s.want("on purpose")
	s.left(2)
}

// TestPtyPasteRunsEachLine sends many lines in one piece: none may be lost
// between the line editor's end and its next start.
func TestPtyPasteRunsEachLine(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	ids := []string{"L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9"}
	var paste strings.Builder
	for _, id := range ids {
		paste.WriteString("info " + id + "\r")
	}
	s.send(paste.String())
	for _, id := range ids {
		s.want("info " + id)
		s.want(id + " ")
		s.want("rule from")
	}
	s.send("quit\r")
	s.want("left")
	s.left(0)
}

func TestPtyResizeKeepsTheLine(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("info ")
	s.want("info ")
	for i := range 6 {
		if err := pty.Setsize(s.tty, &pty.Winsize{Rows: 24, Cols: uint16(60 + 5*i)}); err != nil {
			t.Fatal(err)
		}
		s.want(ready)
	}
	s.send("L1\r")
	s.want("rule from")
	s.want(ready)
	if err := pty.Setsize(s.tty, &pty.Winsize{}); err != nil { // 0 columns
		t.Fatal(err)
	}
	s.want(ready)
	s.send("quit\r")
	s.want("left")
	s.left(0)
}

func TestPtyHistoryAcrossRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "h")
	s := start(t, path)
	s.want(ready)
	s.send("info L14\r")
	s.want("rule from")
	s.want(ready)
	s.send("\x04")
	s.left(0)

	s = start(t, path)
	s.want(ready)
	s.send("\x1b[A") // up
	s.want("info L14")
	s.send("\r")
	s.want("rule from")
	s.want(ready)
	s.send("\x04")
	s.left(0)
}

func TestPtyCtrlZWithoutJobControlGoesOn(t *testing.T) {
	s := start(t, filepath.Join(t.TempDir(), "h"))
	s.want(ready)
	s.send("info \x1aL1\r")
	s.want("rule from")
	s.want(ready)
	s.send("\x04")
	s.left(0)
}
