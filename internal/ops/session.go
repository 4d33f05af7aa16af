package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// Session is what a person works with over many verbs: the target and the way
// to get another one. Its methods may be called from any goroutine.
type Session struct {
	// OpenTarget opens the target of a name such as "vm:6.12"; progress is
	// called with a word for the stage and how far it is (total 0: unknown).
	OpenTarget func(ctx context.Context, name string, progress Progress) (kernel.Target, error)
	// Progress reports what takes long; never nil in a session made by New.
	Progress Progress
	// Yes says that the person confirmed on the command line that the host
	// may be changed (--yes).
	Yes bool
	// Missing says what is not here of a target that a file names, with the command
	// that gets it, and changes nothing; driver: the test driver is needed, too. nil
	// asks nobody.
	Missing func(target string, driver bool) error
	// LessonTarget is where lessons are to be taken that are for it; "" takes each
	// on the target there is, or else on its own.
	LessonTarget string
	// LessonsFile keeps where lessons were left, from one run to the next; ""
	// keeps it for this run only.
	LessonsFile string
	// Targets lists names OpenTarget takes, for completion; nil lists none. It
	// must answer quickly.
	Targets func() []Candidate

	mu     sync.Mutex
	target kernel.Target
	debug  debugState
	lists  moduleCache
	trees  treeCache
	passed *kmod.Passed           // what resolvers and targets passed over, also those of child sessions
	warned map[string]bool        // of that, and of what targets did, what was told
	rec    *recorder              // nil: nothing is recorded
	script *os.File               // the transcript, nil: there is none
	tour   *tour                  // the lesson under way, nil: none is
	places map[string]lessonPlace // where lessons were left, as of the last look
	// failures are the refusals of the target's kernel, by module.
	failures map[string]*kernel.LoadError
}

// Progress is told how far something long is: done of total, in units the
// stage implies; total is 0 when it is not known.
type Progress func(stage string, done, total int64)

// New returns a session without a target.
func New() *Session {
	return &Session{Progress: func(string, int64, int64) {}, passed: new(kmod.Passed)}
}

// Target returns the present target, nil when there is none yet.
func (s *Session) Target() kernel.Target {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.target
}

// SetTarget makes t the target and returns the one before, which the caller
// must close.
func (s *Session) SetTarget(t kernel.Target) (old kernel.Target) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, s.target = s.target, t
	if old != t {
		if s.rec != nil && s.rec.target == old {
			why := "" // the session ends, and with it the recording, as it should
			if t != nil {
				why = "the session went to another target, " + t.Name()
			}
			// What cannot be written any more is told by its state.
			_ = s.rec.finish(why)
		}
		// The futures of the old target go with it; what cannot be closed is
		// of no use to anybody.
		_ = s.closeFutures(old)
		s.keepPassed(old)
		s.dropTree()
		s.lists, s.failures = moduleCache{}, nil
	}
	return old
}

// Open opens the target called name, makes it the session's and closes the one
// before. The error is an *OpenError; the target before then stays.
func (s *Session) Open(ctx context.Context, name string) error {
	if s.OpenTarget == nil {
		return &OpenError{Target: name, Err: errors.New("this session cannot open targets")}
	}
	t, err := s.OpenTarget(ctx, name, s.Progress)
	if err != nil {
		return &OpenError{Target: name, Err: err}
	}
	if old := s.SetTarget(t); old != nil {
		if err := old.Close(); err != nil {
			return fmt.Errorf("now on %s; closing %s: %w", t.Name(), old.Name(), err)
		}
	}
	return nil
}

// openNamed is Open for a verb's --on, which may name nothing.
func (s *Session) openNamed(ctx context.Context, name string) error {
	if name == "" {
		return nil
	}
	return s.Open(ctx, name)
}

// Close closes the target, if there is one.
func (s *Session) Close() error {
	old := s.SetTarget(nil)
	s.mu.Lock()
	err := s.closeTranscript()
	s.mu.Unlock()
	if old != nil {
		err = errors.Join(err, old.Close())
	}
	return err
}
