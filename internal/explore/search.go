package explore

import (
	"context"
	"fmt"
	"math/bits"
	"slices"

	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// maxThreads is how many threads an exhaustive search takes, helpers included.
const maxThreads = 16

// clock says how many steps of the path, by thread, come before something:
// clock[k] is 1 + the index of the last step of thread k that does.
type clock [maxThreads]uint16

func (c *clock) join(d *clock) {
	for i := range c {
		c[i] = max(c[i], d[i])
	}
}

// frame is one step of the present path and the choice it was.
type frame struct {
	index     int16 // which thread went: its place in the run
	key       int8  // and its number for the search
	lastKey   int8  // who went before, -1 nobody
	barrier   bool  // time moved, or a held thread was released, before this choice
	cost      uint8 // preemptions before this choice
	ready     uint32
	todo      uint32 // by key: alternatives to be explored, the present one included
	done      uint32 // by key: explored or being explored
	sleep     uint32 // by key: explored elsewhere
	hash      uint64 // of the state before the step
	footprint sim.Footprint
	clocks    [maxThreads]clock // what comes before the next step of each thread
	before    clock             // what comes before the step
	after     clock             // the same, with the step
	indices   [maxThreads]int16
	asleep    [maxThreads]sim.Footprint // what each in sleep or done does next
	beyond    []sim.Footprint           // what each thread does beyond this state
}

// unit is one part of a search, done by one worker: a pass, or some of the
// schedules of another strategy.
type unit struct {
	name    string
	options Options
	bound   int // preemptions, -1: no bound but reduction
	part    int // of a strategy that does not go through all schedules

	pass     Pass
	longest  int
	broken   []Broken
	outcomes []string
	missed   []string
	reached  []string
}

// search is a unit under way.
type search struct {
	*unit
	ctx     context.Context
	problem *Problem
	run     *sim.Run
	path    []*frame
	depth   int // frames of path in force
	pos     int // steps of the present run taken
	last    *sim.Thread
	seen    *table
	ends    map[uint64]struct{}
	stop    bool
	err     error
	full    bool // an end was reached, as opposed to a cut
	cut     bool
}

// explore searches all that belongs to the unit.
func (u *unit) explore(ctx context.Context, p *Problem) error {
	run, err := p.start()
	if err != nil {
		return err
	}
	defer run.Close()
	s := &search{unit: u, ctx: ctx, problem: p, run: run, ends: map[uint64]struct{}{}}
	if !u.options.Plain {
		s.seen = newTable(u.options.Memory)
	}
	u.pass.Name = u.name
	w := run.World()
	w.Quiet(true)
	for first := true; !s.stop; first = false {
		if !first {
			run.Restart()
			if err := p.prepare(run); err != nil {
				return err
			}
		}
		if err := s.schedule(); err != nil {
			return err
		}
		if s.stop || !s.backtrack() {
			break
		}
	}
	u.pass.Complete = !s.stop
	if s.seen != nil {
		u.pass.States = int64(s.seen.len)
	}
	for _, point := range trace.Points() {
		if w.Reached(point.ID) {
			u.reached = append(u.reached, point.ID)
		}
	}
	slices.Sort(u.outcomes)
	return nil
}

// schedule takes one run through the path in force and on to its end.
func (s *search) schedule() error {
	w := s.run.World()
	s.pos, s.last, s.cut, s.full = 0, nil, false, false
	w.Track(s.depth == 0)
	w.Drive(s)
	if s.err != nil {
		return s.err
	}
	if s.full {
		s.finish()
	}
	if n := s.options.Schedules; n > 0 && s.pass.Schedules+s.pass.Pruned >= int64(n) {
		s.halt(fmt.Sprintf("%s: stopped after %d schedules", s.name, n))
	}
	if n := s.options.Steps; n > 0 && s.pass.Steps >= int64(n) {
		s.halt(fmt.Sprintf("%s: stopped after %d steps", s.name, n))
	}
	if s.ctx.Err() != nil {
		s.halt(s.name + ": the time was up")
	}
	return nil
}

// halt ends the unit before it is done, and says why.
func (s *search) halt(why string) {
	s.stop = true
	s.missed = append(s.missed, why)
}

// Next implements sim.Driver.
func (s *search) Next(w *sim.World, last *sim.Thread) *sim.Thread {
	if last != nil {
		s.pass.Steps++
		if s.pos > s.depth-1 {
			panic("explore: a step beyond the path")
		}
		if s.pos == s.depth-1 {
			s.stepped(w, s.path[s.pos])
			for i := range s.problem.Promises {
				if p := &s.problem.Promises[i]; p.Step != nil {
					s.judge(p, p.Step(s.run))
				}
			}
		}
		s.pos++
		s.last = last
	}
	moved := settle(w)
	if s.pos < s.depth {
		if s.pos == s.depth-1 {
			w.Track(true)
		}
		return w.At(int(s.path[s.pos].index))
	}
	return s.extend(w, moved)
}

// settle moves the clock, or releases held threads, until somebody can go.
func settle(w *sim.World) (moved bool) {
	for !w.Movable() {
		if !w.Advance() {
			held := w.FirstHeld()
			if held == nil {
				return moved
			}
			w.Release(held)
		}
		moved = true
	}
	return moved
}

// extend chooses the next step beyond the path, nil at its end.
func (s *search) extend(w *sim.World, moved bool) *sim.Thread {
	f := s.push()
	f.barrier = moved
	f.lastKey = -1
	var parent *frame
	if s.depth > 1 {
		parent = s.path[s.depth-2]
		f.lastKey, f.cost = parent.key, parent.cost
		if parent.lastKey >= 0 && parent.lastKey != parent.key && parent.ready&(1<<parent.lastKey) != 0 && !parent.barrier {
			f.cost = min(f.cost+1, 254)
		}
	}
	for i := range w.Len() {
		t := w.At(i)
		if t.Status() != sim.Ready {
			continue
		}
		k := t.Key()
		if k >= maxThreads {
			s.err = fmt.Errorf("%s has more than %d threads: too many to search every schedule; another strategy can", s.problem.Name, maxThreads)
			return s.pop()
		}
		f.ready |= 1 << k
		f.indices[k] = int16(i)
	}
	if f.ready == 0 {
		s.full = true
		return s.pop()
	}
	if s.depth > s.options.Length {
		s.missed = append(s.missed, fmt.Sprintf("schedules of more than %d steps", s.options.Length))
		s.cut = true
		s.pass.Pruned++
		return s.pop()
	}
	if !s.options.Plain && s.bound < 0 {
		f.order(parent)
		f.inherit(parent)
	}
	if s.seen != nil && s.known(w, f) {
		s.cut = true
		s.pass.Pruned++
		return s.pop()
	}
	return s.first(w, f)
}

// first picks the first alternative of a new frame.
func (s *search) first(w *sim.World, f *frame) *sim.Thread {
	awake := f.ready &^ f.sleep
	if awake == 0 {
		s.cut = true
		s.pass.Pruned++
		return s.pop()
	}
	k := bits.TrailingZeros32(awake)
	if f.lastKey >= 0 && awake&(1<<f.lastKey) != 0 {
		k = int(f.lastKey)
	}
	switch {
	case s.options.Plain:
		f.todo = f.ready
	case s.bound >= 0:
		f.todo = f.ready
		if f.lastKey >= 0 && f.ready&(1<<f.lastKey) != 0 && !f.barrier && int(f.cost) >= s.bound {
			f.todo = 1 << f.lastKey
		}
	}
	return s.take(w, f, k)
}

// take makes thread k the choice of frame f.
func (s *search) take(w *sim.World, f *frame, k int) *sim.Thread {
	f.todo |= 1 << k
	f.done |= 1 << k
	f.key, f.index = int8(k), f.indices[k]
	if w == nil {
		return nil
	}
	return w.At(int(f.index))
}

// push puts an empty frame on the path.
func (s *search) push() *frame {
	if s.depth == len(s.path) {
		s.path = append(s.path, &frame{})
	}
	f := s.path[s.depth]
	beyond := f.beyond
	clear(beyond)
	*f = frame{beyond: beyond[:0]}
	s.depth++
	return f
}

// pop takes back the frame of a state that is not gone beyond.
func (s *search) pop() *sim.Thread {
	s.depth--
	return nil
}

// backtrack goes to the last frame with an alternative that was not taken. It
// says false when there is none.
func (s *search) backtrack() bool {
	for s.depth > 0 {
		f := s.path[s.depth-1]
		f.asleep[f.key] = f.footprint
		if left := f.todo &^ f.done &^ f.sleep; left != 0 {
			s.take(nil, f, bits.TrailingZeros32(left))
			return true
		}
		s.depth--
		s.leave(f)
	}
	return false
}

// leave is told when all beyond a state has been searched.
func (s *search) leave(f *frame) {
	if s.bound >= 0 || s.options.Plain {
		return
	}
	s.seen.put(f.hash, f.sleep, f.beyond)
	if s.depth == 0 {
		return
	}
	up := s.path[s.depth-1]
	for k := range f.beyond {
		up.add(k, &f.beyond[k])
	}
}

// add notes what thread k does beyond the state.
func (f *frame) add(k int, g *sim.Footprint) {
	for len(f.beyond) <= k {
		f.beyond = append(f.beyond, sim.Footprint{})
	}
	f.beyond[k].Add(g)
}
