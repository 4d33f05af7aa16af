package sim

import (
	"errors"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// Past returns all that led to the target's present state: what is installed,
// the profile it booted with, and what was done since.
func (t *Target) Past() (*System, Profile, []Action, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, Profile{}, nil, kernel.ErrClosed
	}
	return t.sys, t.run.profile, t.run.Actions(), nil
}

// Take makes another run of the same system the target's, in place of the one
// it has, which is closed. The target closes the run later.
func (t *Target) Take(run *Run) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.closed:
		return kernel.ErrClosed
	case run.sys.Fingerprint() != t.sys.Fingerprint():
		return errors.New("the run is of another system than the target's")
	}
	if err := run.KeepMoves(); err != nil {
		return err
	}
	t.run.Close()
	t.run, t.last = run, ""
	t.log.Cut(0)
	t.shown = 0
	t.publish()
	return nil
}

// InImage returns the names of the modules in the kernel image, and of the
// directories under /sys/module that belong to code there.
func (s *System) InImage() (builtin, dirs []string) {
	return slices.Clone(s.builtins), slices.Clone(s.dirs)
}
