package tui

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

func TestPtySession(t *testing.T) {
	x := playOn(t, "fast", 80, 24)
	x.wait("vm:6.12", "● 7 live")
	x.send(":load ext4\r")
	x.wait("load ext4: done", "● 12 live")
	x.resize(120, 40)
	x.wait("● 12 live", "Event 26 at")
	x.send("\t\x1b[Bz")
	x.resize(40, 12)
	x.wait("Deps")
	x.send("q")
	x.restored(0)
}

func TestPtyPanicInCommand(t *testing.T) {
	x := playOn(t, "panics", 160, 60) // room for the stack
	x.wait("internal error: made to panic")
	x.restored(1)
}

// TestPtyPanicInUpdate panics where keys are handled.
func TestPtyPanicInUpdate(t *testing.T) {
	x := playOn(t, "draws", 160, 60)
	x.wait("● 7 live")
	for i := range 20 {
		select {
		case <-x.ended:
		default:
			x.send([]string{":events\r", "\x1b"}[i%2])
		}
	}
	x.wait("screen closed")
	x.restored(1)
}

// TestPtySignals: each signal that ends the program leaves the terminal as it
// was.
func TestPtySignals(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGHUP, syscall.SIGINT} {
		t.Run(sig.String(), func(t *testing.T) {
			x := playOn(t, "fast", 80, 24)
			x.wait("● 7 live")
			if err := x.cmd.Process.Signal(sig); err != nil {
				t.Fatal(err)
			}
			status := 1
			if sig == syscall.SIGINT { // Bubble Tea's own: like q
				status = 0
			}
			x.restored(status)
		})
	}
}

// TestPtyCtrlZ stops the screen under a shell with job control, and brings it
// back.
func TestPtyCtrlZ(t *testing.T) {
	sh, err := exec.LookPath("bash")
	if err != nil {
		t.Skipf("no shell with job control: %v", err)
	}
	x := startOn(t, exec.Command(sh, "--norc", "--noprofile", "-i"), 80, 24, "PS1=ready> ", playEnv+"=fast", "BINARY="+os.Args[0])
	x.wait("ready>")
	x.send("$BINARY\r")
	x.wait("● 7 live")
	x.send("\x1a")
	x.wait("Stopped")
	x.mu.Lock()
	alt, raw := x.vt.IsAltScreen(), x.raw.String()
	x.mu.Unlock()
	if alt || strings.LastIndex(raw, "\x1b[?25h") < strings.LastIndex(raw, "\x1b[?25l") || strings.LastIndex(raw, "\x1b[?1002l") < strings.LastIndex(raw, "\x1b[?1002h") {
		t.Errorf("stopped, the terminal is not the shell's: alternate screen %v", alt)
	}
	x.send("echo still $((40+2))\r")
	x.wait("still 42")
	x.send("fg\r")
	x.wait("● 7 live", "Modules 7")
	x.waitFor("the mouse is the screen's again", func(raw string) bool {
		return strings.LastIndex(raw, "\x1b[?1002h") > strings.LastIndex(raw, "\x1b[?1002l")
	})
	x.send("q")
	x.wait("screen closed")
	x.send("exit\r")
	if err := x.cmd.Wait(); err != nil {
		t.Error(err)
	}
}

func TestPtyCtrlCWhileOpening(t *testing.T) {
	x := playOn(t, "slow", 80, 24)
	x.wait("Opening vm:6.12", "module tree")
	x.send("\x03")
	x.wait("Could not open vm:6.12", "cancelled")
	x.send(":quit\r")
	x.restored(0)
}

func TestPtyRace(t *testing.T) {
	x := playOn(t, "sim", 80, 24)
	x.wait("A race is ready", "step 4 of 4")
	x.send("c")
	x.wait("A is in the window", "dir only")
	x.send("\x1b[B ")
	x.wait("Thread B at R1")
	x.send("c")
	x.wait("returned 0, premature", "The race: B has success")
	x.resize(120, 40)
	x.wait("Threads 3", "Lanes 3", "premature")
	x.send("b")
	x.wait("gone back")
	x.send("q")
	x.restored(0)
}
