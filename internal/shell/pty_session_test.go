//go:build linux

package shell

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// lflags are the local modes that matter to whoever uses the terminal next.
func lflags(fd int) string {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("ECHO=%v ICANON=%v ISIG=%v", t.Lflag&unix.ECHO != 0, t.Lflag&unix.ICANON != 0, t.Lflag&unix.ISIG != 0)
}

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
