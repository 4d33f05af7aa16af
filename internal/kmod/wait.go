package kmod

import (
	"context"
	"time"

	"example.org/kmodsh/internal/trace"
)

// The pauses between two looks at a module: the first, and the longest.
const (
	firstPause = time.Millisecond
	lastPause  = 100 * time.Millisecond
)

// waiter waits for one module that another loader is loading or unloading. Its
// patience is for all waits together, so that a module that comes and goes
// forever ends it, too.
type waiter struct {
	*loading
	module string
	next   time.Duration
	waited time.Duration
}

// settle waits until a module that is coming or going is live or absent.
func (w *waiter) settle(ctx context.Context, state trace.State) (trace.State, error) {
	w.report(trace.Event{Point: StageWaits, Module: w.module, State: state, Detail: "waits for it " + waitsFor(state)})
	for {
		if err := w.pause(ctx); err != nil {
			return state, err
		}
		at, err := w.policy.look(w.Resolver, w.Kernel, w.module, false)
		if err != nil {
			return state, err
		}
		if at.state != trace.Coming && at.state != trace.Going {
			return at.state, nil
		}
		state = at.state
		if w.waited >= w.patience() {
			return state, &WaitError{Module: w.module, State: state, For: waitsFor(state), Waited: w.waited}
		}
	}
}

// pause sleeps a little longer each time.
func (w *waiter) pause(ctx context.Context) error {
	w.next = min(max(2*w.next, firstPause), lastPause)
	d := min(w.next, max(w.patience()-w.waited, firstPause))
	w.waited += d
	return w.Kernel.Sleep(ctx, d)
}

func (l *Loader) patience() time.Duration {
	if l.Patience > 0 {
		return l.Patience
	}
	return DefaultPatience
}

func waitsFor(state trace.State) string {
	if state == trace.Going {
		return "to be gone"
	}
	return "to be live"
}
