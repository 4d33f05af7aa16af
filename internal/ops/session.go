package ops

import (
	"context"
	"sync"

	"example.org/kmodsh/internal/kernel"
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

	mu     sync.Mutex
	target kernel.Target
}

// Progress is told how far something long is: done of total, in units the
// stage implies; total is 0 when it is not known.
type Progress func(stage string, done, total int64)

// New returns a session without a target.
func New() *Session { return &Session{Progress: func(string, int64, int64) {}} }

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
	return old
}
