package explore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/conform"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// move makes the choice of a spot, on the target and on the oracle, and lets
// both come to rest. It says false when the thread cannot be moved, which
// happens only to what is done a second time.
func (s *live) move(ctx context.Context, n *spot) (bool, error) {
	t := s.state.Thread(n.choice)
	if t == nil || t.Status != walk.Ready {
		return false, nil
	}
	_, events, err := s.w.Move(ctx, t.ID)
	s.note(events)
	s.r.Steps++
	if err != nil {
		return false, err
	}
	if n.synced {
		if t := s.ostate.Thread(n.choice); t == nil || t.Status != walk.Ready {
			s.stray(n, []string{n.choice + ": ready | cannot move"})
		} else if _, _, err := s.ow.Move(ctx, t.ID); err != nil {
			return false, fmt.Errorf("the oracle: %w", err)
		}
	}
	if err := s.rest(ctx, n, nil); err != nil {
		return false, err
	}
	s.mark(n)
	return true, nil
}

// rest lets target and oracle come to rest: who was woken goes on, and when
// nobody can move the clock does. It compares what they show.
func (s *live) rest(ctx context.Context, n *spot, order []string) error {
	for {
		out, err := s.w.Settle(ctx, order)
		s.note(out.Events)
		if err != nil {
			return err
		}
		s.state = out.State
		if n.synced {
			o, err := s.ow.Settle(ctx, out.Order)
			if err != nil {
				return fmt.Errorf("the oracle: %w", err)
			}
			s.ostate = o.State
			s.compare(n)
		}
		if n.ready = s.state.Movable(); len(n.ready) > 0 {
			return nil
		}
		var events []trace.Event
		var moved bool
		if events, moved, err = s.w.Wait(ctx, s.state); err != nil || !moved {
			return err
		}
		s.note(events)
		n.clock = true
		if n.synced {
			if _, _, err := s.ow.Wait(ctx, s.ostate); err != nil {
				return fmt.Errorf("the oracle: %w", err)
			}
		}
	}
}

// setApart notes the modules that only one of target and oracle has from the
// beginning.
func (s *live) setApart() {
	for _, m := range slices.Concat(s.state.Modules, s.ostate.Modules) {
		if (s.state.Snapshot.Module(m.Name) == nil) != (s.ostate.Snapshot.Module(m.Name) == nil) {
			s.apart[m.Name] = true
		}
	}
}

// compare looks whether the oracle shows what the target does.
func (s *live) compare(n *spot) {
	if n.parent == nil {
		s.setApart()
	}
	var differ []string
	for _, d := range conform.Compare(s.state, s.ostate, s.apart) {
		differ = append(differ, d.String())
	}
	if len(differ) > 0 {
		s.stray(n, differ)
	}
}

// stray goes on without the oracle.
func (s *live) stray(n *spot, differ []string) {
	n.synced = false
	if len(s.r.Strayed) < maxStrayed {
		s.r.Strayed = append(s.r.Strayed, Strayed{Moves: n.moves(), Differ: differ})
	}
}

func (s *live) mark(n *spot) {
	n.mark = s.w.Mark()
	if n.synced {
		n.omark = s.ow.Mark()
	}
}

// goTo brings the target to a place of the search: back to the nearest place on
// the way to it that its history still has, and from there by the same moves.
// It says false when they do not lead there again.
func (s *live) goTo(ctx context.Context, to *spot) (bool, error) {
	if s.present == to {
		return true, nil
	}
	var way []*spot // from to, up
	for n := to; ; n = n.parent {
		if n.isOn(s.present) {
			if ok, err := s.back(ctx, n); err != nil || !ok {
				return false, err
			}
			break
		}
		way = append(way, n)
	}
	slices.Reverse(way)
	for _, n := range way {
		again := &spot{parent: n.parent, choice: n.choice, depth: n.depth, cost: n.cost, synced: n.synced, last: n.last}
		strayed := len(s.r.Strayed)
		ok, err := s.move(ctx, again)
		if err != nil {
			return false, err
		}
		s.r.Again++
		s.r.Steps--
		if !ok || !slices.Equal(again.ready, n.ready) || again.synced != n.synced {
			s.r.Strayed = s.r.Strayed[:strayed]
			return false, s.lost(ctx, n)
		}
		n.mark, n.omark, n.pinned = again.mark, again.omark, false
		s.present = n
	}
	return true, nil
}

// lost notes that the same moves did not lead to a place again, and goes to the
// beginning.
func (s *live) lost(ctx context.Context, n *spot) error {
	s.r.Missed = append(s.r.Missed, "what follows "+strings.Join(n.moves(), " ")+": the same moves did not lead there again")
	for n.parent != nil {
		n = n.parent
	}
	ok, err := s.back(ctx, n)
	if err == nil && !ok {
		err = fmt.Errorf("%s did not come back to where the search began", s.Target.Name())
	}
	return err
}

// isOn says whether n is on the way to m, or m itself.
func (n *spot) isOn(m *spot) bool {
	for ; m != nil && m.depth >= n.depth; m = m.parent {
		if m == n {
			return true
		}
	}
	return false
}

// back goes back to a place the history has. It says false when the target, which
// may have had to do the same again, is not there.
func (s *live) back(ctx context.Context, n *spot) (bool, error) {
	if err := s.w.Goto(ctx, n.mark); err != nil {
		return false, err
	}
	s.present = n
	var err error
	if s.state, err = s.w.Look(ctx); err != nil {
		return false, err
	}
	if !slices.Equal(s.state.Movable(), n.ready) {
		if n.parent == nil {
			return false, nil
		}
		return false, s.lost(ctx, n)
	}
	if !n.synced {
		return true, nil
	}
	if err := s.ow.Goto(ctx, n.omark); err != nil {
		return false, fmt.Errorf("the oracle: %w", err)
	}
	if s.ostate, err = s.ow.Look(ctx); err != nil {
		return false, fmt.Errorf("the oracle: %w", err)
	}
	return true, nil
}

// placeEvery is after how many moves a place with branches is kept: to come back
// to one that is not, the moves since are made again, of which each costs a
// fifth of keeping one.
const placeEvery = 8

// save has the target keep the present place, where it does not keep all.
func (s *live) save(ctx context.Context, n *spot) error {
	n.saved = 0
	if s.sparing == nil || n.pinned {
		return nil
	}
	n.pinned = true
	return s.sparing.Pin(ctx, n.mark.Pos())
}

// foresee asks the oracle where a move leads, and whether it touches nothing
// that threads share.
func (s *live) foresee(ctx context.Context, n *spot, name string) (hash uint64, mover string, alone bool, err error) {
	defer func() {
		if gerr := s.ow.Goto(ctx, n.omark); err == nil {
			err = gerr
		}
		if err != nil {
			err = fmt.Errorf("the oracle: %w", err)
		}
	}()
	t := s.ostate.Thread(name)
	if t == nil || t.Status != walk.Ready {
		return 0, "", false, nil // they agreed a moment ago
	}
	s.Oracle.Touched()
	if _, _, err := s.ow.Move(ctx, t.ID); err != nil {
		return 0, "", false, err
	}
	shared := s.Oracle.Touched()
	next := &spot{last: name}
	for {
		out, err := s.ow.Settle(ctx, nil)
		if err != nil {
			return 0, "", false, err
		}
		if next.ready = out.State.Movable(); len(next.ready) > 0 {
			break
		}
		_, moved, err := s.ow.Wait(ctx, out.State)
		if err != nil {
			return 0, "", false, err
		}
		if !moved {
			break
		}
		next.clock = true
	}
	// What ends a thread, or brings it to a wait, is no step on the way.
	alone = !shared && slices.Contains(next.ready, name) && len(next.ready) >= len(n.ready)
	return s.Oracle.StateHash(), next.mover(), alone, nil
}
