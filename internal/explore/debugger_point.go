package explore

import (
	"context"
	"fmt"
	"slices"
)

// pointMoves bounds the oracle's own search, in moves; a thousand take a second.
const pointMoves = 4000

// point searches the oracle alone, with the same bounds, from where it is, for
// the schedules that break a promise there. The target is asked for those
// first: whether they break it there, too, only the target says.
func (s *live) point(ctx context.Context) (schedules [][]string, err error) {
	var forks [2]Oracle
	for i := range forks {
		d, err := s.Oracle.Fork(ctx)
		if err != nil {
			return nil, fmt.Errorf("the oracle: %w", err)
		}
		defer d.Close()
		o, ok := d.(Oracle)
		if !ok {
			return nil, nil
		}
		forks[i] = o
	}
	o := s.o
	o.Steps, o.Schedules = pointMoves, 0
	own := newLive(Live{Name: s.Name, Target: forks[0], Points: s.Points, Oracle: forks[1], Promises: s.Promises}, o)
	own.simple = true
	r, err := own.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("the oracle: %w", err)
	}
	schedules = [][]string{}
	for _, v := range r.Violations {
		schedules = append(schedules, v.Moves)
	}
	return schedules, nil
}

// onWay is the thread that moves next, from a place, in the first schedule that
// leads by it and was pointed to; "" none.
func (s *live) onWay(n *spot) string {
	moves := n.moves()
	for _, p := range s.r.Pointed {
		if len(p) > len(moves) && slices.Equal(p[:len(moves)], moves) {
			return p[len(moves)]
		}
	}
	return ""
}
