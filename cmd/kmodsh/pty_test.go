package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/creack/pty"
)

// TestNothingIsAskedOfTheTerminal starts the program on a terminal that never
// answers: what comes out must be the program's own bytes and nothing else. A
// library that asks for colours at start-up would write its question first,
// and wait for the answer.
func TestNothingIsAskedOfTheTerminal(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// The test program is kmodsh when it is called so (testscript.Main).
	program := filepath.Join(t.TempDir(), "kmodsh")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"--version"}, {"modprobe", "--nonsense"}, {"info", "L1"}} {
		cmd := exec.Command(program, args...)
		cmd.Env = []string{"TERM=xterm-256color", "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH"), "GORACE=" + os.Getenv("GORACE")}
		tty, err := pty.Start(cmd)
		if err != nil {
			t.Skipf("no pseudo-terminal here: %v", err)
		}
		var out bytes.Buffer
		// The read ends with EIO when the program has ended.
		_, _ = out.ReadFrom(tty)
		_ = cmd.Wait() // a usage error is an answer, too
		tty.Close()
		if out.Len() == 0 {
			t.Errorf("%v printed nothing", args)
		}
		// OSC and CSI ... c, n are questions; colours (m) are not.
		if bytes.Contains(out.Bytes(), []byte("\x1b]")) || bytes.Contains(out.Bytes(), []byte("\x1b[6n")) || bytes.Contains(out.Bytes(), []byte("\x1b[c")) {
			t.Errorf("%v asked the terminal: %q", args, out.Bytes())
		}
	}
}
