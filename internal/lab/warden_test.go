package lab

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// victimArg starts the test program as a kmodsh that has a machine.
const victimArg = "__victim"

// victim is what it says of itself.
type victim struct{ QEMU, Warden int }

// emptyVM starts a QEMU that waits for a saved machine: all that a warden
// knows of a machine, without the time a guest takes to start.
func emptyVM(ctx context.Context, cacheDir string) (*vm, error) {
	c, err := OpenCache(cacheDir)
	if err != nil {
		return nil, err
	}
	q, err := findQEMU()
	if err != nil {
		return nil, err
	}
	args := []string{"-no-user-config", "-nodefaults", "-display", "none", "-machine", "none", "-accel", "tcg"}
	return startQEMU(ctx, c, q, args, vmOptions{name: "vm:empty", kernel: "empty", limits: defaultPatience}, trace.NewLog(16))
}

func victimMain(args []string) int {
	v, err := emptyVM(context.Background(), args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	// What a machine's checkpoints are in.
	c, err := OpenCache(args[0])
	if err == nil {
		var dir *TempDir
		if dir, err = c.TempDir("past"); err == nil {
			err = os.WriteFile(filepath.Join(dir.Path, "plain-1"), []byte("memory"), 0o600)
			defer dir.Close()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	json.NewEncoder(os.Stdout).Encode(victim{v.guard.qemuPID(), v.guard.cmd.Process.Pid})
	select {}
}

// gone waits until no process has the number any more.
func gone(t *testing.T, what string, pid int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) {
			return
		}
	}
	t.Errorf("%s (process %d) is still there", what, pid)
}

// zombie says whether a process has ended and waits for its parent: an orphan
// in a container whose first process reaps none. The first thread of one that
// was killed shows as a zombie while others still end, and as long they hold
// its open files, locks among them.
func zombie(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, rest, _ := strings.Cut(string(b), ") ")
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	return (strings.HasPrefix(rest, "Z") || strings.HasPrefix(rest, "X")) && len(threads) <= 1
}

// emptyTmp waits until a cache has no temporary file any more.
func emptyTmp(t *testing.T, cacheDir string) {
	t.Helper()
	var entries []os.DirEntry
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if entries, _ = os.ReadDir(filepath.Join(cacheDir, tmpDir)); len(entries) == 0 {
			return
		}
	}
	t.Errorf("left behind: %v", entries)
}

// startVictim runs a kmodsh with a machine.
func startVictim(t *testing.T, cacheDir string) (*exec.Cmd, victim) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, victimArg, cacheDir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var v victim
	if err := json.Unmarshal(line, &v); err != nil {
		t.Fatal(err)
	}
	if entries, _ := os.ReadDir(filepath.Join(cacheDir, tmpDir)); len(entries) != 4 {
		t.Fatalf("while it runs there are a run directory, one for checkpoints and their locks, not %v", entries)
	}
	return cmd, v
}

// TestVMKilled kills a kmodsh and its wardens in every way and sees that nothing
// is left: no QEMU, no warden, no file.
func TestVMKilled(t *testing.T) {
	qemuCache(t)
	for _, test := range []struct {
		name string
		kill func(kmodsh, warden int)
		// sweep: what is left goes with the next start.
		sweep bool
	}{
		{name: "kmodsh killed", kill: func(k, _ int) { syscall.Kill(k, syscall.SIGKILL) }},
		{name: "kmodsh terminated", kill: func(k, _ int) { syscall.Kill(k, syscall.SIGTERM) }},
		{name: "warden terminated", kill: func(k, w int) {
			syscall.Kill(w, syscall.SIGTERM)
			gone(t, "the warden", w)
			syscall.Kill(k, syscall.SIGKILL) // nobody sees that
		}, sweep: true},
		{name: "both killed", kill: func(k, w int) {
			syscall.Kill(k, syscall.SIGSTOP) // it must not clean up
			syscall.Kill(w, syscall.SIGKILL)
			syscall.Kill(k, syscall.SIGKILL)
		}, sweep: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.sweep && runtime.GOOS != "linux" {
				t.Skip("only Linux kills the child of a process that was killed")
			}
			t.Parallel()
			dir := t.TempDir()
			cmd, v := startVictim(t, dir)
			test.kill(cmd.Process.Pid, v.Warden)
			gone(t, "QEMU", v.QEMU)
			gone(t, "the warden", v.Warden)
			if test.sweep {
				cmd.Wait()
				if _, err := OpenCache(dir); err != nil {
					t.Fatal(err)
				}
			}
			emptyTmp(t, dir)
		})
	}
}

// TestVMClose ends a machine in order.
func TestVMClose(t *testing.T) {
	qemuCache(t)
	dir := t.TempDir()
	v, err := emptyVM(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	qemu, warden := v.guard.qemuPID(), v.guard.cmd.Process.Pid
	if v.Err() != nil {
		t.Fatalf("it is up, but %v", v.Err())
	}
	if err := v.close(); err != nil {
		t.Fatal(err)
	}
	if err := v.close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
	if !errors.Is(v.Err(), kernel.ErrClosed) {
		t.Errorf("after Close: %v", v.Err())
	}
	if err := v.call(t.Context(), "info", nil, nil); !errors.Is(err, kernel.ErrClosed) {
		t.Errorf("a call after Close: %v", err)
	}
	gone(t, "QEMU", qemu)
	gone(t, "the warden", warden)
	emptyTmp(t, dir)
}

// TestVMLostQEMU kills QEMU, and its warden, under a kmodsh that goes on: the
// lab failed, not the kernel.
func TestVMLostQEMU(t *testing.T) {
	qemuCache(t)
	for _, who := range []string{"QEMU", "its warden"} {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			v, err := emptyVM(t.Context(), dir)
			if err != nil {
				t.Fatal(err)
			}
			defer v.close()
			answer := make(chan error, 1)
			go func() { answer <- v.call(context.Background(), "info", nil, nil) }()
			pid := v.guard.qemuPID()
			if who != "QEMU" {
				pid = v.guard.cmd.Process.Pid
			}
			syscall.Kill(pid, syscall.SIGKILL)
			var dead *kernel.DeadError
			if err := <-answer; !errors.As(err, &dead) || dead.Blame != kernel.BlameLab {
				t.Errorf("a call that waits gets %v", err)
			}
			if err := v.Err(); !errors.As(err, &dead) || dead.Blame != kernel.BlameLab {
				t.Errorf("Err is %v", err)
			}
			t.Log(v.Err())
			gone(t, "QEMU", v.guard.qemuPID())
			if err := v.close(); err != nil {
				t.Error(err)
			}
			emptyTmp(t, dir)
		})
	}
}

// TestVMQEMURefuses starts a QEMU that cannot start: what it says is the error.
func TestVMQEMURefuses(t *testing.T) {
	c, q := qemuCache(t)
	_, err := startQEMU(t.Context(), c, q, []string{"-machine", "nonesuch"}, vmOptions{name: "vm:x", kernel: "x", limits: defaultPatience}, trace.NewLog(16))
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameLab {
		t.Fatalf("got %v", err)
	}
	t.Log(err)
	if got := err.Error(); !strings.Contains(got, "machine type") {
		t.Errorf("QEMU's own words are not in %q", got)
	}
	_, err = startQEMU(t.Context(), c, qemu{path: "/nonexistent/qemu"}, nil, vmOptions{name: "vm:x", kernel: "x", limits: defaultPatience}, trace.NewLog(16))
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameLab {
		t.Fatalf("got %v", err)
	}
	t.Log(err)
}
