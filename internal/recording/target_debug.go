package recording

import (
	"context"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// move goes to a position, or the last one before it that was kept, and makes
// the log have the events up to it; t.mu is held, or nobody else has t.
func (t *Target) move(pos int) {
	if t.rec.Steps {
		if i := t.rec.frameAt(pos); i >= 0 {
			pos = t.rec.frames[i].Pos
		}
	}
	t.pos = pos
	n := pos
	if t.rec.Steps {
		n = 0
		if i := t.rec.frameAt(pos); i >= 0 {
			n = t.rec.frames[i].events
		}
	}
	events := t.rec.Events
	if !t.rec.Steps {
		events = t.rec.named
	}
	if n < t.shown {
		t.log.Cut(uint64(n))
		t.shown = n
	}
	for ; t.shown < n; t.shown++ {
		t.log.Append(events[t.shown])
	}
}

// Pos implements kernel.Debugger.
func (t *Target) Pos() (pos, end int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, end = t.rec.Positions()
	return t.pos, end
}

// Goto implements kernel.Debugger.
func (t *Target) Goto(ctx context.Context, pos int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	first, last := t.rec.Positions()
	switch {
	case t.closed:
		return kernel.ErrClosed
	case ctx.Err() != nil:
		return ctx.Err()
	case pos < first || pos > last:
		return fmt.Errorf("there is no position %d: the trace has %d to %d", pos, first, last)
	}
	// Where not every position was kept, forth is to the next that was.
	if i := t.rec.frameAt(pos); t.rec.Steps && pos > t.pos && i >= 0 && t.rec.frames[i].Pos <= t.pos && i+1 < len(t.rec.frames) {
		pos = t.rec.frames[i+1].Pos
	}
	t.move(pos)
	return nil
}

// Fork implements kernel.Debugger: a second view of the same trace.
func (t *Target) Fork(context.Context) (kernel.Debugger, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, kernel.ErrClosed
	}
	f := newTarget(t.name, t.rec)
	f.move(t.pos)
	return f, nil
}

// Snapshot implements kernel.Debugger.
func (t *Target) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, kernel.ErrClosed
	}
	s := t.rec.At(t.pos)
	s.Target = t.name
	return s, nil
}

// Settings implements kernel.Debugger: as they were when the recording began.
func (t *Target) Settings() []kernel.Setting { return slices.Clone(t.rec.Settings) }

// Outcome implements kernel.Debugger.
func (t *Target) Outcome(ctx context.Context, id string) (kernel.Outcome, error) {
	s, err := t.Snapshot(ctx)
	if err != nil {
		return kernel.Outcome{}, err
	}
	th := s.Thread(id)
	if th == nil || th.Task == "" {
		return kernel.Outcome{}, fmt.Errorf("%w: no spawned thread %q", kernel.ErrNotFound, id)
	}
	return kernel.Outcome{
		Task: th.Task, Done: th.Done, Killed: th.Killed, Ret: th.Result, Verdict: th.Verdict, Began: th.Began, Ended: th.Ended,
	}, nil
}

// Tasks implements kernel.Debugger: there are none.
func (t *Target) Tasks() []kernel.Fact { return nil }

// Spawn implements kernel.Debugger: it cannot, as all below.
func (t *Target) Spawn(context.Context, string, kernel.Task) error { return t.Can(kernel.OpDebug) }

// Step implements kernel.Debugger.
func (t *Target) Step(context.Context, string) (kernel.Stop, error) {
	return kernel.Stop{}, t.Can(kernel.OpDebug)
}

// Run implements kernel.Debugger.
func (t *Target) Run(context.Context, kernel.RunOptions) (kernel.Stop, error) {
	return kernel.Stop{}, t.Can(kernel.OpDebug)
}

// Release implements kernel.Debugger.
func (t *Target) Release(context.Context, string) error { return t.Can(kernel.OpDebug) }

// Signal implements kernel.Debugger.
func (t *Target) Signal(context.Context, string, string) error { return t.Can(kernel.OpDebug) }

// AddFault implements kernel.Debugger.
func (t *Target) AddFault(context.Context, kernel.Fault) (int, error) {
	return 0, t.Can(kernel.OpDebug)
}

// RemoveFault implements kernel.Debugger.
func (t *Target) RemoveFault(context.Context, int) error { return t.Can(kernel.OpDebug) }

// Set implements kernel.Debugger.
func (t *Target) Set(context.Context, string) error { return t.Can(kernel.OpDebug) }
