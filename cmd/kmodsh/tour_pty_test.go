//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/creack/pty"

	"example.org/kmodsh/internal/scenario"
)

// TestTourInATerminal takes every lesson of the tour as a student does, at the
// program's prompt: Enter goes on, a question is answered wrongly and then
// rightly, an exercise is asked about too early, hinted at, and done.
func TestTourInATerminal(t *testing.T) {
	lessons, err := scenario.Lessons()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "kmodsh") // which the test program is when it is called so
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	for i, l := range lessons {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			s := openStudent(t, program, "tour", strconv.Itoa(i+1))
			s.want(l.Title)
			for _, part := range l.Parts {
				switch part.Kind {
				case scenario.Question:
					s.want("(your answer?) ")
					s.typed(string(rune('a' + (part.Right[0]-'a'+1)%byte(len(part.Choices)))))
					s.want("No. Think again")
					s.want("(your answer?) ")
					s.typed(part.Right)
					s.want("Right.")
				case scenario.Exercise:
					s.want("(exercise) ")
					s.typed("check")
					s.want("(exercise) ")
					if len(part.Hints) > 0 {
						s.typed("hint")
						s.want("(exercise) ")
					}
					for _, line := range part.Answer {
						s.typed(line)
						s.want("(exercise) ")
					}
					s.typed("check")
					s.want("Right.")
				case scenario.Pause:
					s.want("(Enter goes on) ")
					s.typed("")
				}
			}
			for _, r := range l.Real {
				s.want(strings.Fields(strings.TrimPrefix(r.Text, "!"))[0])
			}
			s.typed("quit")
			if err := s.cmd.Wait(); err != nil {
				t.Errorf("the program ended with %v:\n%s", err, s.text())
			}
		})
	}
}

// student is a program on a terminal, and what it printed.
type student struct {
	t   *testing.T
	tty *os.File
	cmd *exec.Cmd

	mu   sync.Mutex
	out  bytes.Buffer
	seen int // how much of the text has been waited for
	more chan struct{}
}

func openStudent(t *testing.T, program string, args ...string) *student {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Env = []string{"TERM=dumb", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "COLUMNS=100", "GORACE=" + os.Getenv("GORACE")}
	master, slave, err := pty.Open()
	if err != nil {
		t.Skipf("no pseudo-terminal here: %v", err)
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	slave.Close()
	s := &student{t: t, tty: master, cmd: cmd, more: make(chan struct{}, 1)}
	go s.read()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = master.Close()
	})
	return s
}

func (s *student) read() {
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

func (s *student) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return ansi.Strip(s.out.String())
}

// want waits until text is printed behind what was waited for before.
func (s *student) want(text string) {
	s.t.Helper()
	deadline := time.After(time.Minute)
	for {
		all := s.text()
		if i := strings.Index(all[s.seen:], text); i >= 0 {
			s.seen += i + len(text)
			return
		}
		select {
		case <-s.more:
		case <-deadline:
			s.t.Fatalf("no %q behind\n%s\nin\n%s", text, all[max(0, s.seen-200):s.seen], all[s.seen:])
		}
	}
}

func (s *student) typed(line string) {
	s.t.Helper()
	if _, err := s.tty.WriteString(line + "\n"); err != nil {
		s.t.Fatal(err)
	}
}
