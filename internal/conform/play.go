package conform

import (
	"context"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// Side is one of the two targets, set up and ready to be moved.
type Side struct {
	Walker *walk.Walker
	// RealClock says that its time passes by itself: what is due at a time may
	// come earlier or later than on the other.
	RealClock bool

	base walk.Mark
	at   *walk.State
}

// Row is one move as both targets showed it.
type Row struct {
	Thread string `json:"thread"` // "" where nobody could move, and the clock did
	A      string `json:"a"`
	B      string `json:"b"`
	Differ bool   `json:"differ,omitempty"`
}

// played is one schedule, as far as the two agreed.
type played struct {
	choices []string
	rows    []Row
	diff    []Difference // at the last row; empty: they agreed to the end
	ends    []Difference // of what both came to when they went on alone
	late    bool         // what differs was due at a time
	outcome string
}

// pair plays schedules on two targets.
type pair struct {
	a, b   *Side
	apart  map[string]bool // modules that only one of them had at the beginning
	length int
	moves  int
}

// newPair brings both to rest, notes where they stand, and compares that.
func newPair(ctx context.Context, a, b *Side, length int) (*pair, []Difference, error) {
	p := &pair{a: a, b: b, apart: map[string]bool{}, length: length}
	for _, s := range []*Side{a, b} {
		out, err := s.Walker.Settle(ctx, nil)
		if err != nil {
			return nil, nil, err
		}
		s.base, s.at = s.Walker.Mark(), out.State
		if d, ok := s.Walker.Target().(kernel.Sparing); ok { // nobody goes back but to there
			d.Spare(true)
			if err := d.Pin(ctx, s.base.Pos()); err != nil {
				return nil, nil, err
			}
		}
	}
	for _, name := range moduleNames(a.at, b.at) {
		if (a.at.Snapshot.Module(name) == nil) != (b.at.Snapshot.Module(name) == nil) {
			p.apart[name] = true
		}
	}
	return p, states(a.at, b.at, p.apart), nil
}

// chooser names the thread to move next; "" ends the schedule.
type chooser func(movable []string, last string) string

// play takes both back to the beginning and moves them by the same choices,
// until they differ or the choices end.
func (p *pair) play(ctx context.Context, choose chooser) (*played, error) {
	for _, s := range []*Side{p.a, p.b} {
		if err := s.Walker.Goto(ctx, s.base); err != nil {
			return nil, err
		}
		out, err := s.Walker.Settle(ctx, nil)
		if err != nil {
			return nil, err
		}
		s.at = out.State
	}
	r := &played{}
	last := ""
	for len(r.rows) < p.length {
		movable := p.a.at.Movable()
		if len(movable) == 0 {
			more, err := p.wait(ctx, r)
			if err != nil || !more {
				r.outcome = outcome(p.a.at)
				return r, err
			}
			continue
		}
		last = choose(movable, last)
		if last == "" {
			break
		}
		r.choices = append(r.choices, last)
		if err := p.move(ctx, r, last); err != nil {
			return r, err
		}
		if len(r.diff) > 0 {
			break
		}
	}
	return r, nil
}

// move moves one thread on both. The real one goes first: where it lets woken
// threads run on by itself, the other lets them go in the same order.
func (p *pair) move(ctx context.Context, r *played, name string) error {
	first, second := p.a, p.b
	if p.b.RealClock && !p.a.RealClock {
		first, second = p.b, p.a
	}
	var order []string
	told := map[*Side][]walk.Event{}
	for _, s := range []*Side{first, second} {
		t := s.at.Thread(name)
		if t == nil || t.Status != walk.Ready {
			r.diff = append(r.diff, states(p.a.at, p.b.at, p.apart)...)
			return nil
		}
		_, list, err := s.Walker.Move(ctx, t.ID)
		if err != nil {
			return err
		}
		if order, err = s.rest(ctx, list, order, told); err != nil {
			return err
		}
	}
	p.moves++
	p.judge(r, name, told)
	return nil
}

// rest lets a side come to rest after something moved.
func (s *Side) rest(ctx context.Context, list []trace.Event, order []string, told map[*Side][]walk.Event) ([]string, error) {
	out, err := s.Walker.Settle(ctx, order)
	if err != nil {
		return nil, err
	}
	s.at = out.State
	told[s] = s.Walker.Tell(out.State, append(list, out.Events...))
	return out.Order, nil
}

// wait lets the clock go on, on both, or releases who is held. It says false at
// the end of the schedule.
func (p *pair) wait(ctx context.Context, r *played) (bool, error) {
	told := map[*Side][]walk.Event{}
	moved := map[*Side]bool{}
	var order []string
	for _, s := range []*Side{p.b, p.a} {
		list, ok, err := s.Walker.Wait(ctx, s.at)
		if err != nil {
			return false, err
		}
		moved[s] = ok
		if order, err = s.rest(ctx, list, order, told); err != nil {
			return false, err
		}
	}
	if !moved[p.a] && !moved[p.b] {
		return false, nil
	}
	p.judge(r, "", told)
	return len(r.diff) == 0, nil
}

// judge compares the two and notes the row.
func (p *pair) judge(r *played, name string, told map[*Side][]walk.Event) {
	r.diff = append(states(p.a.at, p.b.at, p.apart), events(told[p.a], told[p.b])...)
	row := Row{Thread: name, Differ: len(r.diff) > 0}
	row.A, row.B = after(p.a.at, told[p.a], name), after(p.b.at, told[p.b], name)
	r.rows = append(r.rows, row)
	r.late = len(r.diff) > 0 && (p.a.RealClock || p.b.RealClock) && (timed(p.a.at) || timed(p.b.at))
}

// timed says that somebody waits for a time.
func timed(s *walk.State) bool {
	return slices.ContainsFunc(s.Threads, func(t walk.Thread) bool {
		o := s.Snapshot.Thread(t.ID)
		return t.Status == walk.Waits && o != nil && o.Until > 0
	})
}

// after says where the thread that moved is, and what others did.
func after(s *walk.State, events []walk.Event, name string) string {
	var parts []string
	if t := s.Thread(name); t != nil {
		parts = append(parts, where(t))
	}
	for i, e := range events {
		if e.Thread == name || i > 0 && events[i-1].Thread == e.Thread {
			continue
		}
		parts = append(parts, e.Thread+" "+where(s.Thread(e.Thread)))
	}
	return strings.Join(parts, ", ")
}

// finish lets both go on alone, each thread in its turn, and compares what
// becomes of them.
func (p *pair) finish(ctx context.Context) ([]Difference, error) {
	for _, s := range []*Side{p.a, p.b} {
		if err := s.finish(ctx, p.length); err != nil {
			return nil, err
		}
	}
	return states(p.a.at, p.b.at, p.apart), nil
}

func (s *Side) finish(ctx context.Context, length int) error {
	told := map[*Side][]walk.Event{}
	for range length {
		movable := s.at.Movable()
		var list []trace.Event
		var err error
		if len(movable) == 0 {
			var ok bool
			if list, ok, err = s.Walker.Wait(ctx, s.at); err != nil || !ok {
				return err
			}
		} else if _, list, err = s.Walker.Move(ctx, s.at.Thread(movable[0]).ID); err != nil {
			return err
		}
		if _, err := s.rest(ctx, list, nil, told); err != nil {
			return err
		}
	}
	return nil
}

// outcome is what became of the threads, in one line.
func outcome(s *walk.State) string {
	var parts []string
	for _, t := range s.Threads {
		text := t.Name + " " + where(&t)
		if t.Verdict != "" {
			text += " " + string(t.Verdict)
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}
