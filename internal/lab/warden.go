package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// WardenArg is the hidden first argument with which this program starts itself
// as the warden of a machine.
const WardenArg = "__warden"

// Descriptors that the warden inherits: QEMU's, which have the same numbers
// there, and the lock of the run directory.
const (
	fdLock   = 6
	fdsQEMU  = 3 // how many are QEMU's
	fdsFirst = 3
)

// wardenReport is a line of the warden's to its kmodsh.
type wardenReport struct {
	PID   int    `json:"pid,omitempty"`   // QEMU runs
	Error string `json:"error,omitempty"` // it could not be started
	Exit  string `json:"exit,omitempty"`  // it has ended, and how
	OK    bool   `json:"ok,omitempty"`    // it ended by itself, with status 0
}

// WardenMain runs a QEMU and makes sure that nothing of it is left when the
// kmodsh that wanted it ends, in whatever way. args are the run directory,
// QEMU's path and its arguments.
//
// The warden holds the reading end of a pipe (stdin) whose other end only that
// kmodsh has. When it is closed, QEMU is killed, the run directory removed, and
// the warden goes. When it is closed without the word that all is in order, that
// kmodsh is dead, and what else it had in the cache's temporary directory, such
// as checkpoints, is removed as well. When the warden itself is killed, the kernel kills QEMU
// (PR_SET_PDEATHSIG, Linux only), and the directory, whose lock nobody holds
// any more, is removed by the next kmodsh (Cache.sweep).
//
// It must be called before anything else in main, and its result is the exit
// status.
func WardenMain(args []string) int {
	if len(args) < 2 {
		fmt.Fprintln(os.Stderr, "kmodsh: the warden is started by kmodsh itself")
		return 2
	}
	dir, program := args[0], args[1]
	owner := os.Getppid()
	// Its kmodsh may be gone when it reports; that must not stop the cleaning.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGINT, syscall.SIGHUP, syscall.SIGQUIT)
	// PDEATHSIG means the thread, not the process.
	runtime.LockOSThread()
	unix.CloseOnExec(fdLock)
	out := json.NewEncoder(os.Stdout)

	cmd := exec.Command(program, args[2:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	// QEMU's words go where the warden's go: kmodsh reads them.
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	for fd := fdsFirst; fd < fdsFirst+fdsQEMU; fd++ {
		unix.CloseOnExec(fd)
		cmd.ExtraFiles = append(cmd.ExtraFiles, os.NewFile(uintptr(fd), "socket"))
	}
	dieWithWarden(cmd)
	err := cmd.Start()
	for _, f := range cmd.ExtraFiles {
		f.Close() // or the other ends would not see QEMU's end
	}
	if err != nil {
		out.Encode(wardenReport{Error: err.Error()})
		if waitEOF(context.Background()) == ownerDied {
			defer sweepOf(filepath.Dir(dir), owner)
		}
		cleanRun(dir)
		return 1
	}
	out.Encode(wardenReport{PID: cmd.Process.Pid})

	term, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	released := make(chan wardenEnd, 1)
	go func() {
		why := waitEOF(term)
		// Before the wait below is over the process is not reaped, so this
		// number is no other's.
		cmd.Process.Kill()
		released <- why
	}()
	cmd.Wait()
	out.Encode(wardenReport{Exit: cmd.ProcessState.String(), OK: cmd.ProcessState.Success()})
	// kmodsh may want something out of the run directory first.
	why := <-released
	cleanRun(dir)
	if why == ownerDied {
		sweepOf(filepath.Dir(dir), owner)
	}
	return 0
}

// wardenEnd is why a warden ends.
type wardenEnd int

const (
	told       wardenEnd = iota // its kmodsh wants it no more
	ownerDied                   // its kmodsh is gone
	terminated                  // somebody else wants it to
)

// inOrder is what a kmodsh writes to its warden before it lets go of it.
const inOrder = "."

// waitEOF waits until nobody holds the other end of stdin, or ctx ends.
func waitEOF(ctx context.Context) wardenEnd {
	eof := make(chan wardenEnd, 1)
	go func() {
		if n, _ := io.Copy(io.Discard, os.Stdin); n > 0 {
			eof <- told
		} else {
			eof <- ownerDied
		}
	}()
	select {
	case why := <-eof:
		return why
	case <-ctx.Done():
		return terminated
	}
}

// cleanRun removes a run directory, then the lock file that kept it.
func cleanRun(dir string) {
	if removeAll(dir) == nil {
		os.Remove(dir + lockSuffix)
	}
}
