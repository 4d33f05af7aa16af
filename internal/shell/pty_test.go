//go:build linux

package shell

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

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

const cooked = "ECHO=true ICANON=true ISIG=true"

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
