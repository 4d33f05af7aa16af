package explore

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"example.org/kmodsh/internal/sim"
)

// sampleParts is into how many parts a search at random is cut, so that the
// same seed gives the same schedules with any number of workers.
const sampleParts = 16

// sampleUnits cuts a search that does not go through all schedules.
func sampleUnits(o Options) []*unit {
	var list []*unit
	for i := range min(sampleParts, o.Schedules) {
		part := o
		part.Schedules = o.Schedules / sampleParts
		if i < o.Schedules%sampleParts {
			part.Schedules++
		}
		list = append(list, &unit{name: fmt.Sprintf("%s, part %d", o.Strategy, i+1), options: part, part: i})
	}
	return list
}

// unit is a part of the schedules of such a strategy, done by one worker.
type unit struct {
	name    string
	options Options
	part    int
	findings
}

// chooser picks among the ready threads; it is made anew for each schedule.
type chooser interface {
	choose(w *sim.World, ready []*sim.Thread, last *sim.Thread) *sim.Thread
}

// sampler drives a world by a chooser and writes down what was chosen.
type sampler struct {
	unit     *unit
	problem  *Problem
	run      *sim.Run
	chooser  chooser
	buf      []*sim.Thread
	schedule Schedule
	ends     map[uint64]struct{}
	cut      bool
}

// sample runs the unit's schedules.
func (u *unit) sample(ctx context.Context, p *Problem) error {
	run, err := p.start()
	if err != nil {
		return err
	}
	defer run.Close()
	s := &sampler{unit: u, problem: p, run: run, ends: map[uint64]struct{}{}}
	u.pass.Name = u.name
	run.World().Quiet(true)
	for i := range u.options.Schedules {
		if ctx.Err() != nil {
			u.missed = append(u.missed, whyEnded(ctx)+" before all schedules asked for were run")
			break
		}
		if i > 0 {
			run.Restart()
			if err := p.prepare(run); err != nil {
				return err
			}
		}
		s.chooser = u.options.chooser(u.part, i)
		s.schedule, s.cut = s.schedule[:0], false
		run.World().Drive(s)
		if s.cut {
			continue
		}
		s.finish()
		if len(u.broken) > 0 && !u.options.All {
			break
		}
		if u.options.Progress != nil && i%64 == 63 {
			u.options.Progress(Progress{Schedules: 64})
		}
	}
	u.reached = pointsReached(run.World())
	return nil
}

// Next implements sim.Driver.
func (s *sampler) Next(w *sim.World, last *sim.Thread) *sim.Thread {
	if last != nil {
		s.unit.pass.Steps++
		s.schedule = append(s.schedule, uint16(last.Index()))
		s.step()
	}
	settle(w)
	s.buf = w.Runnable(s.buf[:0])
	if len(s.buf) == 0 {
		return nil
	}
	if len(s.schedule) >= s.unit.options.Length {
		s.cut = true
		return nil
	}
	return s.chooser.choose(w, s.buf, last)
}

func (s *sampler) step() {
	for i := range s.problem.Promises {
		if p := &s.problem.Promises[i]; p.Step != nil {
			s.judge(p, p.Step(s.run))
		}
	}
}

func (s *sampler) finish() {
	u := s.unit
	u.pass.Schedules++
	u.longest = max(u.longest, len(s.schedule))
	if key := endHash(s.run); true {
		if _, ok := s.ends[key]; !ok {
			s.ends[key] = struct{}{}
			if text := Outcome(s.run); !slices.Contains(u.outcomes, text) {
				u.outcomes = append(u.outcomes, text)
			}
		}
	}
	for i := range s.problem.Promises {
		if p := &s.problem.Promises[i]; p.End != nil {
			s.judge(p, p.End(s.run))
		}
	}
}

func (s *sampler) judge(p *Promise, says string) {
	if says == "" || slices.ContainsFunc(s.unit.broken, func(b Broken) bool { return b.Promise == p.Name }) {
		return
	}
	s.unit.broken = append(s.unit.broken, Broken{Promise: p.Name, Says: says, Schedule: slices.Clone(s.schedule), Outcome: Outcome(s.run)})
}

// chooser makes the one for the i-th schedule of a part.
func (o *Options) chooser(part, i int) chooser {
	serial := uint64(i)*sampleParts + uint64(part)
	switch o.Strategy {
	case PCT:
		return newPriorities(rand.New(rand.NewPCG(o.Seed, serial)), o.Depth, 400)
	case RoundRobin:
		return &turns{length: 1 + int(serial), first: int(serial)}
	}
	return &dice{rand.New(rand.NewPCG(o.Seed, serial))}
}

// dice takes any ready thread.
type dice struct{ r *rand.Rand }

func (d *dice) choose(_ *sim.World, ready []*sim.Thread, _ *sim.Thread) *sim.Thread {
	return ready[d.r.IntN(len(ready))]
}

// turns gives each thread the same number of steps in turn.
type turns struct{ length, first, taken int }

func (r *turns) choose(_ *sim.World, ready []*sim.Thread, last *sim.Thread) *sim.Thread {
	if last == nil {
		r.taken = 1
		return ready[r.first%len(ready)]
	}
	r.taken++
	if last.Status() == sim.Ready && r.taken <= r.length {
		return last
	}
	r.taken = 1
	for _, t := range ready {
		if t.Index() > last.Index() {
			return t
		}
	}
	return ready[0]
}

// priorities is PCT: the ready thread of the highest priority goes; at some
// steps, chosen beforehand, the one that goes falls below all others.
type priorities struct {
	r       *rand.Rand
	of      []int
	changes []int
	step    int
	low     int
}

func newPriorities(r *rand.Rand, depth, length int) *priorities {
	p := &priorities{r: r}
	for range depth - 1 {
		p.changes = append(p.changes, r.IntN(length))
	}
	return p
}

func (p *priorities) choose(_ *sim.World, ready []*sim.Thread, _ *sim.Thread) *sim.Thread {
	best := ready[0]
	for _, t := range ready {
		for len(p.of) <= t.Index() {
			p.of = append(p.of, 1+p.r.IntN(1<<20))
		}
	}
	for _, t := range ready {
		if p.of[t.Index()] > p.of[best.Index()] {
			best = t
		}
	}
	p.step++
	if slices.Contains(p.changes, p.step) {
		p.low--
		p.of[best.Index()] = p.low
	}
	return best
}
