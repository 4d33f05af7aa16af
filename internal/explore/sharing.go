package explore

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"sync"
	"sync/atomic"
)

// soloSteps is how many steps one worker makes alone before others join it. A
// search that ends within them is the same with any number of workers, to the
// last count.
const soloSteps = 100_000

// tickSteps is how often a worker looks up from its work.
const tickSteps = 64

// progressSteps is after how many steps of one worker Options.Progress is told.
const progressSteps = 4 * tickSteps

// sharing is how the workers of a pass share it: who has nothing to do is given
// the alternative nearest to the start by who is asked next.
type sharing struct {
	shareMu  sync.Mutex
	shared   *sync.Cond
	tasks    []task
	idle     atomic.Int32
	finished bool
	joined   bool // the others have begun
	wg       sync.WaitGroup
	gate     sync.RWMutex // held for reading by who works, for writing by who saves
}

// task is an alternative that has been begun, by name, and is to be searched.
// key is -1 where a node is to be gone on with.
type task struct {
	node *node
	key  int
}

// run searches with one worker at first. It returns when all is searched, or
// the search has stopped.
func (p *pass) run(ctx context.Context, w *worker, first []task) {
	p.shared = sync.NewCond(&p.shareMu)
	p.tasks = first
	// Who waits for work hears of the end of ctx, too.
	stop := context.AfterFunc(ctx, func() { p.wake() })
	defer stop()
	w.serve(ctx)
	p.wg.Wait()
}

// wake makes all look whether there is something to do.
func (s *sharing) wake() {
	s.shareMu.Lock()
	defer s.shareMu.Unlock()
	s.shared.Broadcast()
}

// finish ends the search: nothing is left.
func (s *sharing) finish() {
	s.shareMu.Lock()
	defer s.shareMu.Unlock()
	s.finished = true
	s.shared.Broadcast()
}

// serve works as long as there is work.
func (w *worker) serve(ctx context.Context) {
	for {
		t, ok := w.take(ctx)
		if !ok {
			return
		}
		w.pathTo(t.node)
		if t.key < 0 {
			t.key = w.backtrack(false)
		}
		if t.key >= 0 && w.walk(ctx, t.key) || t.key < 0 {
			w.path = w.path[:0] // nothing of it is this worker's any more
		}
		w.gate.RUnlock()
	}
}

// take waits for a task. With one it holds the gate, so that no task is ever
// neither in the list nor on a path when the search is saved.
func (w *worker) take(ctx context.Context) (task, bool) {
	s := &w.sharing
	s.shareMu.Lock()
	defer s.shareMu.Unlock()
	s.idle.Add(1)
	defer s.idle.Add(-1)
	for {
		if s.finished || w.stop.Load() {
			return task{}, false
		}
		if ctx.Err() != nil {
			w.halt(w.name + ": " + whyEnded(ctx))
			s.shared.Broadcast()
			return task{}, false
		}
		if n := len(s.tasks); n > 0 {
			if !s.gate.TryRLock() {
				s.shareMu.Unlock()
				s.gate.RLock() // when it has been saved
				s.shareMu.Lock()
				if n = len(s.tasks); n == 0 {
					s.gate.RUnlock()
					continue
				}
			}
			t := s.tasks[n-1]
			s.tasks = s.tasks[:n-1]
			return t, true
		}
		s.shared.Wait()
	}
}

// donate gives away the alternative nearest to the start that is not begun.
func (w *worker) donate() {
	for _, n := range w.path {
		n.mu.Lock()
		left := n.left()
		if left == 0 {
			n.mu.Unlock()
			continue
		}
		k := bits.TrailingZeros32(left)
		n.begin(k)
		n.mu.Unlock()
		w.shareMu.Lock()
		w.tasks = append(w.tasks, task{n, k})
		w.shared.Signal()
		w.shareMu.Unlock()
		return
	}
}

// join starts the other workers.
func (w *worker) join(ctx context.Context) {
	w.joined = true
	for range w.options.Workers - 1 {
		o := w.pass.worker()
		w.wg.Go(func() { o.serve(ctx) })
	}
}

// tick is called before every step. It says false when the search is to stop.
func (w *worker) tick(ctx context.Context) bool {
	w.ticks++
	if w.ticks%tickSteps != 0 {
		return !w.stop.Load()
	}
	steps := w.steps.Add(tickSteps)
	o := &w.options
	if o.Steps > 0 && steps >= int64(o.Steps) {
		w.halt(fmt.Sprintf("%s: stopped after %d steps", w.name, o.Steps))
	}
	if ctx.Err() != nil {
		w.halt(w.name + ": " + whyEnded(ctx))
	}
	if w.stop.Load() {
		w.wake()
		return false
	}
	if !w.joined && w.number == 1 && o.Workers > 1 && w.seen != nil && steps >= int64(o.solo) {
		w.join(ctx)
	}
	if w.idle.Load() > 0 && w.joined {
		w.donate()
	}
	w.gate.RUnlock()
	w.pause()
	w.gate.RLock()
	return true
}

// pause is called now and then, while nothing of the tree is held: it tells how
// far the search has come, and saves it when enough was done since.
func (w *worker) pause() {
	done := w.schedules.Load() + w.pruned.Load()
	if w.options.Progress != nil && w.ticks%progressSteps == 0 {
		w.mu.Lock()
		w.options.Progress(Progress{Pass: w.name, Schedules: w.schedules.Load(), Pruned: w.pruned.Load(), Steps: w.steps.Load(), States: w.states()})
		w.mu.Unlock()
	}
	if w.save == nil || done-w.saved.Load() < int64(w.options.saveEvery) {
		return
	}
	w.gate.Lock()
	defer w.gate.Unlock()
	if done-w.saved.Load() < int64(w.options.saveEvery) {
		return // somebody else has
	}
	w.saved.Store(done)
	if err := w.save(w.pass); err != nil {
		w.fail(err)
	}
}

// states is how many states are known.
func (p *pass) states() int64 {
	if p.seen == nil {
		return 0
	}
	return p.seen.states.Load()
}

// whyEnded says how a context ended.
func whyEnded(ctx context.Context) string {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return "the time was up"
	}
	return "interrupted"
}
