package explore

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// search tries every branch: those to which the oracle's own search points, then
// those with the fewest preemptions, and among them the newest, which is the
// nearest to where the target is.
func (s *live) search(ctx context.Context, root *spot) error {
	if err := s.arrive(ctx, root); err != nil {
		return err
	}
	for {
		b, ok := s.next()
		if !ok || s.ended(ctx) {
			return nil
		}
		if s.known(b.hash, b.mover, b.cost) {
			s.foretold(b)
			continue
		}
		if err := s.take(ctx, b); err != nil {
			return err
		}
	}
}

// next takes the branch that comes next.
func (s *live) next() (b branch, ok bool) {
	list := &s.first
	for cost := 0; len(*list) == 0 && cost < len(s.todo); cost++ {
		list = &s.todo[cost]
	}
	n := len(*list)
	if n == 0 {
		return b, false
	}
	b, *list = (*list)[n-1], (*list)[:n-1]
	return b, true
}

// ended says that a bound has been reached.
func (s *live) ended(ctx context.Context) bool {
	switch {
	case ctx.Err() != nil:
	case len(s.r.Violations) > 0 && !s.o.All:
	case s.o.Schedules > 0 && s.r.Schedules >= int64(s.o.Schedules):
		s.stop = fmt.Sprintf("stopped after %d schedules", s.o.Schedules)
	case s.o.Steps > 0 && s.r.Steps >= int64(s.o.Steps):
		s.stop = fmt.Sprintf("stopped after %d moves", s.o.Steps)
	default:
		return false
	}
	return true
}

func (s *live) foretold(b branch) {
	s.r.Foretold++
	s.r.Pruned++
	s.pass(b.from.cost).Pruned++
}

// take makes the move of a branch.
func (s *live) take(ctx context.Context, b branch) error {
	ok, err := s.goTo(ctx, b.from)
	if err != nil || !ok {
		return err
	}
	n := &spot{parent: b.from, choice: b.thread, depth: b.from.depth + 1, cost: b.cost, synced: b.from.synced, last: b.thread, saved: b.from.saved + 1}
	if b.alone {
		n.last = b.from.last // nobody was preempted for it
	}
	if ok, err := s.move(ctx, n); err != nil || !ok {
		return err
	}
	return s.arrive(ctx, n)
}

// arrive judges a new place and notes the branches that go from it.
func (s *live) arrive(ctx context.Context, n *spot) error {
	s.present = n
	s.r.Longest = max(s.r.Longest, n.depth)
	s.pass(n.cost).Steps++
	if n.synced && !s.blind {
		h, mover := s.Oracle.StateHash(), n.mover()
		if s.known(h, mover, n.cost) {
			s.r.Pruned++
			s.pass(n.cost).Pruned++
			return s.judge(ctx, n, false)
		}
		s.remember(h, mover)
		s.pass(n.cost).States++
	}
	end := len(n.ready) == 0
	if err := s.judge(ctx, n, end); err != nil || end || s.ended(ctx) {
		return err
	}
	if n.depth >= s.o.Length {
		s.r.Missed = append(s.r.Missed, fmt.Sprintf("schedules of more than %d moves", s.o.Length))
		return nil
	}
	return s.branches(ctx, n)
}

// mover is who can go on without a preemption, "" anybody.
func (n *spot) mover() string {
	if n.clock || !slices.Contains(n.ready, n.last) {
		return ""
	}
	return n.last
}

// known says that the search has been in a state of the oracle. As long as
// preemptions count it matters who can go on without one.
func (s *live) known(hash uint64, mover string, cost int) bool {
	if hash == 0 {
		return false
	}
	if s.o.Preemptions > 0 || cost < s.o.Bounds {
		hash = with(hash, mover)
	}
	return s.seen[hash]
}

func (s *live) remember(hash uint64, mover string) {
	if hash == 0 {
		return
	}
	if !s.seen[hash] {
		s.r.States++
	}
	s.seen[hash], s.seen[with(hash, mover)] = true, true
}

// with mixes a name into a hash.
func with(hash uint64, name string) uint64 {
	hash ^= 14695981039346656037
	for _, c := range []byte(name) {
		hash = (hash ^ uint64(c)) * 1099511628211
	}
	return hash
}

// branches notes the moves that can be made from a place: all, unless the
// oracle knows one that touches nothing that threads share, and nobody looks at
// more. It changes places with every other, so that it alone is enough.
func (s *live) branches(ctx context.Context, n *spot) error {
	var list []branch
	for _, t := range n.ready {
		cost := n.cost
		if m := n.mover(); m != "" && t != m {
			cost++
		}
		b := branch{from: n, thread: t, cost: cost}
		if n.synced && !s.blind {
			var alone bool
			var err error
			if b.hash, b.mover, alone, err = s.foresee(ctx, n, t); err != nil {
				return err
			}
			if alone && !s.watches && len(n.ready) > 1 {
				b.cost, b.alone, b.mover = n.cost, true, n.mover()
				s.r.Foretold += int64(len(n.ready) - 1)
				list = []branch{b}
				break
			}
		}
		list = append(list, b)
	}
	// The thread that moved last comes last on the stack, and goes on first.
	slices.SortStableFunc(list, func(a, b branch) int {
		switch {
		case a.thread == n.last:
			return 1
		case b.thread == n.last:
			return -1
		}
		return 0
	})
	way := s.onWay(n)
	open := 0
	for _, b := range list {
		switch {
		case s.o.Preemptions > 0 && b.cost > s.o.Preemptions:
			if text := fmt.Sprintf("schedules with more than %d preemptions", s.o.Preemptions); !slices.Contains(s.r.Missed, text) {
				s.r.Missed = append(s.r.Missed, text)
			}
			continue
		case s.known(b.hash, b.mover, b.cost):
			s.foretold(b)
			continue
		}
		open++
		if b.thread == way {
			b.onWay = true
			s.first = append(s.first, b)
			continue
		}
		for len(s.todo) <= b.cost {
			s.todo = append(s.todo, nil)
		}
		s.todo[b.cost] = append(s.todo[b.cost], b)
	}
	if open > 1 && n.saved >= placeEvery {
		return s.save(ctx, n)
	}
	return nil
}

// judge asks the promises, and at the end of a schedule notes what came of it.
func (s *live) judge(ctx context.Context, n *spot, end bool) error {
	var broken []int // violations
	for _, p := range s.Promises {
		if slices.ContainsFunc(s.r.Violations, func(v Violation) bool { return v.Promise == p.Name }) {
			continue
		}
		says := p.Ask(s.shown())
		if says == "" {
			continue
		}
		v := Violation{Promise: p.Name, Says: says, Moves: n.moves()}
		if o, ok := s.Oracle.(interface {
			Past() (*sim.System, sim.Profile, []sim.Action, error)
		}); ok && n.synced {
			_, _, actions, err := o.Past()
			if err != nil {
				return err
			}
			v.Actions, v.Setup = actions, s.setup
		}
		var err error
		if v.Outcome, err = s.outcome(ctx); err != nil {
			return err
		}
		s.r.Violations = append(s.r.Violations, v)
		broken = append(broken, len(s.r.Violations)-1)
	}
	if end {
		if err := s.ending(ctx, n); err != nil {
			return err
		}
	}
	if s.Keep == nil || n.parent == nil || len(broken) == 0 {
		return nil
	}
	return s.keep(ctx, n, broken)
}

// ending notes what a schedule came to.
func (s *live) ending(ctx context.Context, n *spot) error {
	s.r.Schedules++
	s.pass(n.cost).Schedules++
	text, err := s.outcome(ctx)
	if err == nil && !slices.Contains(s.r.Outcomes, text) {
		s.r.Outcomes = append(s.r.Outcomes, text)
	}
	if s.Progress != nil {
		s.Progress(s.r.Schedules, s.r.Steps)
	}
	return err
}

// shown is what promises are asked of: all but the modules that serve the
// machine itself, on which a mount or an open file holds references.
func (s *live) shown() *kernel.Snapshot {
	if len(s.others) == 0 {
		return s.state.Snapshot
	}
	snap := *s.state.Snapshot
	snap.Modules = slices.DeleteFunc(slices.Clone(snap.Modules), func(m kernel.ModuleState) bool { return s.others[m.Name] })
	return &snap
}

// keep keeps the target as it was before the last move, for each of the
// violations that it led to.
func (s *live) keep(ctx context.Context, n *spot, broken []int) error {
	if ok, err := s.back(ctx, n.parent); err != nil || !ok {
		return err
	}
	for _, i := range broken {
		v := &s.r.Violations[i]
		var err error
		if v.Opens, err = s.Keep(ctx, keepName(s.Name, v.Promise)); err != nil {
			if ctx.Err() != nil {
				return err
			}
			// What was found counts more than a place to look at it.
			s.r.Missed = append(s.r.Missed, fmt.Sprintf("the machine as it was before %s is broken could not be kept: %v", v.Promise, err))
		}
	}
	if s.ended(ctx) {
		return nil // nobody goes on from there
	}
	_, err := s.back(ctx, n)
	return err
}

// keepName names what is kept, by letters, digits and dashes alone. Of a scenario
// that is a file elsewhere the path says nothing.
func keepName(scenario, promise string) string {
	if path.IsAbs(scenario) || strings.HasPrefix(scenario, ".") {
		scenario = path.Base(scenario)
	}
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, scenario+"-"+promise), "-")
}

// note remembers the points that events reached.
func (s *live) note(events []trace.Event) {
	for _, e := range events {
		s.points[e.Point] = true
	}
}
