package explore

import (
	"context"
	"fmt"
	"slices"
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
