//go:build linux

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// TestTerminalAfterDeath: however the program dies, the terminal is put back and
// says so; what the runtime said of a crash can be read.
func TestTerminalAfterDeath(t *testing.T) {
	bin := buildStatic(t)
	t.Setenv("HOME", t.TempDir())
	t.Setenv("XDG_STATE_HOME", "")
	for _, c := range []struct {
		signal syscall.Signal
		args   []string
		before string
		after  []string
	}{
		{syscall.SIGSEGV, nil, "A race is ready", []string{"kmodsh has crashed; the terminal is as it was", "SIGSEGV: segmentation violation"}},
		{syscall.SIGKILL, nil, "A race is ready", []string{"kmodsh has died; the terminal is as it was"}},
		{syscall.SIGKILL, []string{"shell"}, "sim:v6.12>", []string{"sim:v6.12>", "kmodsh has died; the terminal is as it was"}},
	} {
		t.Run(fmt.Sprint(c.signal, " ", c.args), func(t *testing.T) {
			pidFile := filepath.Join(t.TempDir(), "pid")
			// The shell keeps the terminal when the program has died.
			s := openScreen(t, "/bin/sh", append([]string{"-c", `sh -c 'echo $$ >"$0"; exec "$@"' "$@"; read x`, "sh", pidFile, bin}, c.args...)...)
			s.shows(c.before)
			if now := modes(t, s); now.Lflag&unix.ICANON != 0 {
				t.Fatal("the terminal is not raw while the program uses it")
			}
			text, err := os.ReadFile(pidFile)
			if err != nil {
				t.Fatal(err)
			}
			pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if err := syscall.Kill(pid, c.signal); err != nil {
				t.Fatal(err)
			}
			s.shows(c.after...)
			if now := modes(t, s); now.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != unix.ICANON|unix.ECHO|unix.ISIG || now.Iflag&unix.ICRNL == 0 || now.Oflag&unix.OPOST == 0 {
				t.Errorf("the terminal's modes are %+v", now)
			}
			s.mu.Lock()
			if s.vt.IsAltScreen() {
				t.Error("the alternate screen was left on")
			}
			s.mu.Unlock()
			s.keys("\r")
			<-s.ended
			_ = s.cmd.Wait() // the shell tells of its child's end
		})
	}
}

// modes are those of a screen's terminal.
func modes(t *testing.T, s *screen) unix.Termios {
	t.Helper()
	now, err := unix.IoctlGetTermios(int(s.master.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *now
}
