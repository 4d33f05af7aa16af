package inject

import (
	"errors"
	"syscall"
)

// RefusedError says that the driver refused a command.
type RefusedError struct {
	Command string // its line
	Err     error  // wraps the syscall.Errno
}

func (e *RefusedError) Error() string {
	why := e.Err.Error()
	for _, w := range []struct {
		errno syscall.Errno
		why   string
	}{
		{syscall.ENOENT, "there is no such thing: a function that this kernel does not have, an ID that nobody hooked, a rule nobody set"},
		{syscall.EPERM, "it must not be: the function is on the list of those that would hang the kernel, or the process is the one that drives"},
		{syscall.ENOSPC, "too many: functions, hooks of one function, or request threads"},
		{syscall.EEXIST, "it is there already"},
		{syscall.ESRCH, "no such thread, or it stands at no stop"},
		{syscall.EINVAL, "malformed, or the function has no entry that can be hooked"},
		{syscall.EBUSY, "something else, such as a live patch, has changed that function"},
	} {
		if errors.Is(e.Err, w.errno) {
			why = w.why + ": " + w.errno.Error()
			break
		}
	}
	return "the test driver refuses \"" + e.Command + "\": " + why
}

func (e *RefusedError) Unwrap() error { return e.Err }
