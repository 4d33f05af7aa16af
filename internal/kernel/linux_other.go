//go:build !linux

package kernel

import (
	"errors"
	"runtime"
)

// errNotLinux answers everything here that only a Linux system has.
var errNotLinux = errors.New("loading Linux modules needs a Linux system, this is " + runtime.GOOS + "; use another target")

// Linux is the Linux kernel that the process runs on; here there is none, and
// NewLinux never returns one.
type Linux struct{ Kernel }

// NewLinux says that this system has no Linux kernel to act on.
func NewLinux() (*Linux, error) { return nil, errNotLinux }

// ReadKmsg says that this system has no Linux kernel log.
func ReadKmsg(int) ([]LogRecord, error) { return nil, errNotLinux }

// LockThread wires the calling goroutine to its thread. It never calls lost: no
// Linux kernel oopses here.
func LockThread(lost func()) (done func()) {
	runtime.LockOSThread()
	return func() {}
}
