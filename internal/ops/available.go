package ops

import (
	"errors"
	"strconv"

	"example.org/kmodsh/internal/kernel"
)

// ErrNoTarget says that a verb needs a target and the session has none.
var ErrNoTarget = errors.New("there is no target; choose one: target NAME, or --on NAME on the command line")

// Available returns nil when the session's target can do all that v needs.
// Otherwise the error says why not and which target can: ErrNoTarget, an
// *UnsupportedError of package kernel, or why the target went down.
func (s *Session) Available(v *Verb) error {
	if len(v.Needs) == 0 {
		return nil
	}
	t := s.Target()
	if t == nil {
		return ErrNoTarget
	}
	for _, op := range v.Needs {
		if op == kernel.OpDebug {
			if _, err := s.debugger(); err != nil {
				return err
			}
			continue
		}
		if op == kernel.OpLook {
			if _, err := s.viewer(); err != nil {
				return err
			}
			continue
		}
		if err := t.Can(op); err != nil {
			return err
		}
	}
	return nil
}

// Exit statuses of the program.
const (
	ExitOK          = 0
	ExitFailed      = 1   // the verb failed
	ExitUsage       = 2   // the words were not understood
	ExitUnavailable = 125 // no target that can do it, or it could not be judged: git bisect run skips on it
)

// ExitStatuses are those of the program with what they say, for its manual.
func ExitStatuses() [][2]string {
	return [][2]string{
		{strconv.Itoa(ExitOK), "done"},
		{strconv.Itoa(ExitFailed), "the verb failed, a promise was broken, an expectation was not met, two traces differ, or the kernel under test went down"},
		{strconv.Itoa(ExitUsage), "the words were not understood"},
		{strconv.Itoa(ExitUnavailable), "there is no target that can do it, or it could not be had, or what it did says nothing; git bisect run skips on it"},
		{"130", "interrupted by Ctrl-C; 128 and the number of the signal for others"},
	}
}

// ExitCode returns the exit status that tells of err. A kernel that went down
// is a failure of the kernel under test, so 1; a lab that failed says nothing
// of the kernel, so 125.
func ExitCode(err error) int {
	var usage *UsageError
	var unsupported *kernel.UnsupportedError
	var open *OpenError
	var dead *kernel.DeadError
	switch {
	case err == nil, errors.Is(err, ErrQuit):
		return ExitOK
	case errors.As(err, &usage):
		return ExitUsage
	case errors.As(err, &dead) && dead.Blame == kernel.BlameKernel:
		return ExitFailed
	case errors.As(err, &dead), errors.As(err, &unsupported), errors.As(err, &open), errors.Is(err, ErrNoTarget), errors.Is(err, errAllAside):
		return ExitUnavailable
	}
	return ExitFailed
}

// OpenError says that a target could not be opened.
type OpenError struct {
	Target string
	Err    error
}

func (e *OpenError) Error() string { return "opening target " + e.Target + ": " + e.Err.Error() }

func (e *OpenError) Unwrap() error { return e.Err }
