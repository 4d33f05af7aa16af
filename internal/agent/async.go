package agent

import "slices"

// asyncWork is who does the kernel's asynchronous work just now, as /proc shows it.
// They are kworkers, which are no threads of the stepper, and so are the helpers
// of their requests.
type asyncWork struct {
	workers []sight   // kworkers in async_run_entry_fn (kernel/async.c)
	helpers [][]sight // tasks of each process that a kworker has started and waits for
}

// moves says that the work goes on by itself: that whoever waits for its end
// will be woken by nobody whom the stepper moves.
func (a asyncWork) moves() bool {
	if len(a.workers) == 0 {
		return true // it has ended: who waits is about to be woken
	}
	helped := false
	for _, w := range a.workers {
		switch w := waitOf(w, false); {
		case w.kind == waitHelper:
			helped = true
		case !w.endless():
			return true
		}
	}
	// A helper of several threads waits for others as soon as one of them does.
	stuck := func(s sight) bool { return waitOf(s, false).endless() }
	return helped && (len(a.helpers) == 0 || slices.ContainsFunc(a.helpers, func(tasks []sight) bool {
		return !slices.ContainsFunc(tasks, stuck)
	}))
}

// endless says that it is a wait which no time ends, and nothing but what another
// thread does.
func (k known) endless() bool { return (k.kind == waitOther || k.kind == waitAsync) && !k.timed }

// asyncPatience is how long asynchronous work is taken to go on by itself, in
// nanoseconds: it may sleep where it waits for what nobody here knows.
const asyncPatience = standPatience / 2

// asyncMoves says whether what t waits for, the end of asynchronous work, comes by
// itself; s.mu is held.
func (s *stepper) asyncMoves(t *thread) bool {
	if s.async == nil || !s.async().moves() {
		t.asyncSince = 0
		return false
	}
	if t.asyncSince == 0 {
		t.asyncSince = s.now()
	}
	return s.now()-t.asyncSince < asyncPatience
}
