package explore

import (
	"context"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/sim"
)

// Shrunk is a failing schedule made small.
type Shrunk struct {
	Problem  Problem  // with the threads and faults that are needed
	Schedule Schedule // of that problem
	Broken   Broken   // what it breaks, told anew
	Tries    int      // schedules run
	// Least says that nothing could be taken away any more; false when the
	// tries were used up first.
	Least bool
}

// Shrink makes a schedule that breaks a promise small: first without the
// threads, faults and settings it can do without, then with the fewest
// switches from one thread to another, then with the fewest steps that are
// not simply in turn. Every try is one schedule; tries bounds their number.
// The same arguments give the same answer.
func Shrink(ctx context.Context, p Problem, b Broken, tries int) (Shrunk, error) {
	s := &shrinking{ctx: ctx, left: tries, best: Shrunk{Problem: p, Schedule: b.Schedule, Broken: b}}
	s.promise = slices.IndexFunc(p.Promises, func(q Promise) bool { return q.Name == b.Promise })
	if s.promise < 0 {
		return s.best, fmt.Errorf("%s has no promise %s", p.Name, b.Promise)
	}
	want, err := s.names()
	if err != nil {
		return s.best, err
	}
	l, says, err := s.run(p, want)
	if err != nil {
		return s.best, err
	}
	if says == "" {
		return s.best, fmt.Errorf("the schedule does not break %s in %s: nothing to shrink", b.Promise, p.Name)
	}
	s.best.Schedule, s.best.Broken.Says = l, says
	for s.setup() {
	}
	for s.switches() {
	}
	s.best.Tries = tries - s.left
	s.best.Least = s.left > 0 && ctx.Err() == nil
	s.best.Broken.Schedule = s.best.Schedule
	return s.best, nil
}

type shrinking struct {
	ctx     context.Context
	left    int
	promise int // its place in Problem.Promises
	best    Shrunk
	outcome string // of the last run
}

// loose drives a world along a schedule as far as it can: steps of threads
// that cannot go are left out, and what is left to do at the end is done in
// turn, each thread for as long as it can go.
type loose struct {
	promise *Promise
	run     *sim.Run
	want    []string // IDs of threads
	pos     int
	taken   Schedule
	says    string
}

// Next implements sim.Driver.
func (l *loose) Next(w *sim.World, last *sim.Thread) *sim.Thread {
	if last != nil {
		l.taken = append(l.taken, uint16(last.Index()))
		if l.promise.Step != nil && l.says == "" {
			l.says = l.promise.Step(l.run)
		}
	}
	settle(w)
	for l.pos < len(l.want) {
		t := w.Thread(l.want[l.pos])
		l.pos++
		if t != nil && t.Status() == sim.Ready {
			return t
		}
	}
	if len(l.taken) >= maxTokenSteps {
		return nil
	}
	if last != nil && last.Status() == sim.Ready {
		return last
	}
	for i := range w.Len() {
		if t := w.At(i); t.Status() == sim.Ready {
			return t
		}
	}
	return nil
}

// run runs one schedule, given by names, of one problem: how the promise is
// broken, "" when it is kept, and the schedule that came of it.
func (s *shrinking) run(p Problem, want []string) (Schedule, string, error) {
	run, err := p.start()
	if err != nil {
		return nil, "", err
	}
	defer run.Close()
	l := &loose{promise: &p.Promises[s.promise], run: run, want: want}
	run.World().Quiet(true)
	run.World().Drive(l)
	if l.says == "" && l.promise.End != nil {
		l.says = l.promise.End(run)
	}
	s.outcome = Outcome(run)
	return l.taken, l.says, nil
}

// try takes the schedule for the best if it breaks the promise and is smaller.
func (s *shrinking) try(p Problem, want []string) bool {
	if s.left <= 0 || s.ctx.Err() != nil {
		return false
	}
	s.left--
	l, says, err := s.run(p, want)
	if err != nil || says == "" {
		return false
	}
	b := &s.best
	if len(p.Setup) == len(b.Problem.Setup) &&
		(l.Switches() > b.Schedule.Switches() || l.Switches() == b.Schedule.Switches() && len(l) >= len(b.Schedule)) {
		return false
	}
	b.Problem, b.Schedule, b.Broken.Says, b.Broken.Outcome = p, l, says, s.outcome
	return true
}

// names is the best schedule by thread IDs.
func (s *shrinking) names() ([]string, error) {
	run, err := s.best.Problem.start()
	if err != nil {
		return nil, err
	}
	defer run.Close()
	w := run.World()
	w.Quiet(true)
	var list []string
	for _, index := range s.best.Schedule {
		settle(w)
		if int(index) >= w.Len() || w.At(int(index)).Status() != sim.Ready {
			return nil, fmt.Errorf("step %d of the schedule is by a thread that cannot go", len(list)+1)
		}
		t := w.At(int(index))
		list = append(list, t.ID)
		w.Step(t)
	}
	return list, nil
}

// setup tries to do without one action of the set-up, the last first. Settings
// stay: they say which system it is about.
func (s *shrinking) setup() bool {
	want, err := s.names()
	if err != nil {
		return false
	}
	for i := len(s.best.Problem.Setup) - 1; i >= 0; i-- {
		switch a := s.best.Problem.Setup[i]; a.Kind {
		case sim.DoSpawn, sim.DoFault:
			p := s.best.Problem
			p.Setup = slices.Delete(slices.Clone(p.Setup), i, i+1)
			left := want
			if a.Kind == sim.DoSpawn {
				p.Setup = slices.DeleteFunc(p.Setup, func(b sim.Action) bool { return b.Thread == a.Thread })
				left = slices.DeleteFunc(slices.Clone(want), func(id string) bool { return id == a.Thread })
			}
			if s.try(p, left) {
				return true
			}
		}
	}
	return false
}

// switches tries to join two turns of a thread: a turn is put off until after
// the next of the others, or brought forward, whole or one step at a time.
func (s *shrinking) switches() bool {
	type turn struct {
		id string
		n  int
	}
	want, err := s.names()
	if err != nil {
		return false
	}
	var turns []turn
	for _, id := range want {
		if n := len(turns); n > 0 && turns[n-1].id == id {
			turns[n-1].n++
			continue
		}
		turns = append(turns, turn{id, 1})
	}
	flat := func(list []turn) []string {
		var out []string
		for _, t := range list {
			for range t.n {
				out = append(out, t.id)
			}
		}
		return out
	}
	for i := 0; i+1 < len(turns); i++ {
		// The rest in turn, from here on.
		if s.try(s.best.Problem, flat(turns[:len(turns)-1-i])) {
			return true
		}
	}
	for i := 0; i+1 < len(turns); i++ {
		swapped := slices.Clone(turns)
		swapped[i], swapped[i+1] = swapped[i+1], swapped[i]
		if s.try(s.best.Problem, flat(swapped)) {
			return true
		}
		for j := i + 2; j < len(turns); j++ {
			if turns[j].id != turns[i].id {
				continue
			}
			joined := slices.Clone(turns)
			joined[i].n += joined[j].n
			joined = slices.Delete(joined, j, j+1)
			if s.try(s.best.Problem, flat(joined)) {
				return true
			}
			joined = slices.Clone(turns)
			joined[j].n += joined[i].n
			joined = slices.Delete(joined, i, i+1)
			if s.try(s.best.Problem, flat(joined)) {
				return true
			}
			break
		}
	}
	return false
}
