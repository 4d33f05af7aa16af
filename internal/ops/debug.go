package ops

import (
	"context"
	"slices"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// debugState is what a person has set up while debugging one target, and the
// futures of that target. Session.mu guards it.
type debugState struct {
	target   kernel.Target // whose it is
	moved    string        // thread that moved last
	breaks   []breakpoint
	lastNo   int
	marks    []mark
	promises []promise
	futures  []future // with more than one of them, the present one is among them
}

// breakpoint stops a run at a point.
type breakpoint struct {
	number int
	point  string
	thread string
	module string
	cond   *condition.Condition // nil: always
	fault  int                  // of a function's entry, which makes it a point; 0 none
}

// mark is a position with a name.
type mark struct {
	name string
	pos  int
}

// promise is a condition that is to hold at every step.
type promise struct {
	name string // as the person gave it
	cond *condition.Condition
}

// future is one of several continuations of a past.
type future struct {
	name   string
	target kernel.Debugger
	from   int // position where it was forked
	parent string
}

// debugger returns the present target as one whose threads can be stepped. The
// error is ErrNoTarget or an *UnsupportedError of package kernel.
func (s *Session) debugger() (kernel.Debugger, error) {
	t := s.Target()
	if t == nil {
		return nil, ErrNoTarget
	}
	if d, ok := t.(kernel.Debugger); ok {
		return d, t.Can(kernel.OpDebug)
	}
	return nil, &kernel.UnsupportedError{
		Target: t.Name(), Op: kernel.OpDebug, Why: "its threads do not stop at points", Try: []string{"sim:v6.12"},
	}
}

// viewer returns the present target as one whose threads and positions can be
// looked at. The error is ErrNoTarget or an *UnsupportedError of package kernel.
func (s *Session) viewer() (kernel.Debugger, error) {
	if d, ok := s.Target().(kernel.Debugger); ok && d.Can(kernel.OpLook) == nil {
		return d, nil
	}
	return s.debugger()
}

// look returns the present position of a target that can be looked at. Errors
// are viewer's and the target's own.
func (s *Session) look(ctx context.Context) (*kernel.Snapshot, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	return d.Snapshot(ctx)
}

// withDebug calls f with the state that belongs to the present target.
func (s *Session) withDebug(f func(*debugState)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.debug.target != s.target {
		s.debug = debugState{target: s.target}
	}
	f(&s.debug)
}

// changing is to be called before the target is changed: what it says of
// positions beyond the present is forgotten with them.
func (s *Session) changing(d kernel.Debugger) {
	pos, _ := d.Pos()
	s.withDebug(func(st *debugState) {
		st.marks = slices.DeleteFunc(st.marks, func(m mark) bool { return m.pos > pos })
	})
}

// runThreads is Run of the target that also stops at breakpoints and broken
// promises; stop, which may be nil, says whether to stop for another reason.
func (s *Session) runThreads(ctx context.Context, d kernel.Debugger, o kernel.RunOptions, stop func(kernel.Stop, func() *kernel.Snapshot) bool) (*StopResult, error) {
	s.changing(d)
	var breaks []breakpoint
	var promises []promise
	s.withDebug(func(st *debugState) {
		breaks, promises = slices.Clone(st.breaks), slices.Clone(st.promises)
		if o.First == "" {
			o.First = st.moved
		}
	})
	if o.First != "" {
		if snap, err := d.Snapshot(ctx); err != nil || snap.Thread(o.First) == nil {
			o.First = ""
		}
	}
	w := &watch{breaks: breaks, promises: promises}
	if stop != nil || len(breaks)+len(promises) > 0 {
		o.Stop = func(at kernel.Stop, look func() *kernel.Snapshot) bool {
			return w.stops(at, look) || stop != nil && stop(at, look)
		}
		o.Sampled = stop == nil && len(breaks) == 0 // a promise is for whatever is seen
	}
	if rec := s.recording(); rec != nil && rec.target == kernel.Target(d) && pastOf(d) == nil {
		o.Stop, o.Sampled = recordingStop(rec, o.Stop), false
	}
	from := beforeNow(d)
	at, err := d.Run(ctx, o)
	if err == nil {
		err = w.err
	}
	res, rerr := s.stopped(ctx, d, at, from)
	if err == nil {
		err = rerr
	}
	if res != nil {
		res.Break = w.broke
	}
	return res, err
}

// recordingStop is a stop that also records each position that is come to.
func recordingStop(rec *recorder, stop func(kernel.Stop, func() *kernel.Snapshot) bool) func(kernel.Stop, func() *kernel.Snapshot) bool {
	return func(at kernel.Stop, look func() *kernel.Snapshot) bool {
		rec.look(look())
		return stop != nil && stop(at, look)
	}
}

// eventsOf returns a target's event log and the number of its last event.
func eventsOf(d kernel.Debugger) (func(seq uint64) []trace.Event, uint64) {
	log := d.Events()
	return func(seq uint64) []trace.Event {
		list, _ := log.After(seq, 0)
		return list
	}, log.Last()
}

// watch looks at each step of a run.
type watch struct {
	breaks   []breakpoint
	promises []promise
	broke    int   // number of the breakpoint that was hit
	err      error // a promise that was broken, a condition that cannot be asked
}

func (w *watch) stops(at kernel.Stop, look func() *kernel.Snapshot) bool {
	var seen *kernel.Snapshot
	once := func() *kernel.Snapshot {
		if seen == nil {
			seen = look()
		}
		return seen
	}
	for _, b := range w.breaks {
		if at.Reason != kernel.StopPoint || b.point != at.Point || b.thread != "" && b.thread != at.Thread || b.module != "" && at.Module != "" && b.module != at.Module {
			continue
		}
		if b.module != "" && at.Module == "" && b.module != loaderMeans(at, once()) {
			continue
		}
		holds, err := true, error(nil)
		if b.cond != nil {
			holds, err = b.cond.Holds(once())
		}
		if err != nil {
			w.err = err
			return true
		}
		if holds {
			w.broke = b.number
			return true
		}
	}
	w.err = brokenPromise(w.promises, once)
	return w.err != nil
}

// loaderMeans is the module that a loader is at work on where it stands at one of
// its stages, at which the kernel knows of none yet: what its event there says.
func loaderMeans(at kernel.Stop, s *kernel.Snapshot) string {
	for i := len(s.Events) - 1; i >= 0; i-- {
		if e := &s.Events[i]; e.Thread.ID == at.Thread {
			if e.Point == at.Point {
				return e.Module
			}
			break
		}
	}
	return ""
}

// brokenPromise returns a *PromiseError for the first promise that does not
// hold.
func brokenPromise(promises []promise, look func() *kernel.Snapshot) error {
	for _, p := range promises {
		holds, err := p.cond.Holds(look())
		if err != nil {
			return err
		}
		if !holds {
			return &PromiseError{Promise: p.name, Cond: p.cond.Text(), Got: p.cond.Explain(look())}
		}
	}
	return nil
}

// checkPromises asks the promises of the present position.
func (s *Session) checkPromises(ctx context.Context, d kernel.Debugger) error {
	var promises []promise
	s.withDebug(func(st *debugState) { promises = slices.Clone(st.promises) })
	if len(promises) == 0 {
		return nil
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return err
	}
	return brokenPromise(promises, func() *kernel.Snapshot { return snap })
}

// completeThreads completes the IDs of threads.
func (s *Session) completeThreads(word string) []Candidate {
	return s.matchThreads(word, func(t kernel.ThreadState) (string, bool) { return t.Status + " " + t.At, !t.Done })
}

// matchThreads completes the IDs of the threads that of picks, with its note.
func (s *Session) matchThreads(word string, of func(kernel.ThreadState) (note string, ok bool)) []Candidate {
	snap, err := s.look(context.Background())
	if err != nil {
		return nil
	}
	var list []Candidate
	for _, t := range snap.Threads {
		if note, ok := of(t); ok {
			list = append(list, Candidate{Text: t.ID, Note: note})
		}
	}
	return match(word, list)
}
