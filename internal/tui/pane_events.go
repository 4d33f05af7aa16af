package tui

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// eventsPane is the log of events as they happen. The cursor stays on its
// event while others arrive, or follows the newest.
type eventsPane struct {
	w, h   int
	list   scroller
	stay   bool   // not following
	seq    uint64 // event under the cursor
	filter string
	inline bool // explains the event at its foot, where there is no pane for that

	rows []int // events that match, by index; nil without a filter
	s    *Snapshot
}

// Name is the pane's word.
func (p *eventsPane) Name() string { return "Events" }

// foot is how many lines the explanation takes.
func (p *eventsPane) foot() int {
	switch {
	case !p.inline || p.h < 7:
		return 0
	case p.h < 10:
		return 3
	}
	return 4
}

// SetSize tells the room.
func (p *eventsPane) SetSize(w, h int) {
	p.w, p.h = w, h
	p.place()
}

// Sync follows the newest event, or keeps the cursor on its event.
func (p *eventsPane) Sync(s *Snapshot) {
	p.s, p.rows = s, nil
	if words := filterWords(p.filter); len(words) > 0 {
		p.rows = []int{}
		for i := range s.Events.Len() {
			if eventMatches(s.Events.At(i), words) {
				p.rows = append(p.rows, i)
			}
		}
	}
	p.place()
}

func (p *eventsPane) len() int {
	if p.s == nil {
		return 0
	}
	if p.rows != nil {
		return len(p.rows)
	}
	return p.s.Events.Len()
}

func (p *eventsPane) at(i int) *trace.Event {
	if p.rows != nil {
		i = p.rows[i]
	}
	return p.s.Events.At(i)
}

func (p *eventsPane) place() {
	n := p.len()
	p.list.n = n
	if !p.stay {
		p.list.cursor = n - 1
	} else if n > 0 { // sequence numbers ascend: find the event, or the next one kept
		lo, hi := 0, n-1
		for lo < hi {
			mid := (lo + hi) / 2
			if p.at(mid).Seq < p.seq {
				lo = mid + 1
			} else {
				hi = mid
			}
		}
		p.list.off += lo - p.list.cursor
		p.list.cursor = lo
	}
	p.list.set(n, p.h-p.foot())
}

// Selected returns the event under the cursor, nil when there is none.
func (p *eventsPane) Selected() *trace.Event {
	if p.list.cursor < p.len() {
		return p.at(p.list.cursor)
	}
	return nil
}

// Key moves; moving up stops following, and the last line follows again.
func (p *eventsPane) Key(a action) bool {
	if a == actFollow {
		p.stay = !p.stay
	} else if !p.list.act(a) {
		return false
	} else {
		p.stay = p.list.cursor < p.len()-1
	}
	if e := p.Selected(); e != nil {
		p.seq = e.Seq
	}
	p.place()
	return true
}

// Title counts events and losses, and says whether the pane follows.
func (p *eventsPane) Title(s *Snapshot, l *look) (left, right string) {
	left = fmt.Sprintf("Events %d", s.Seq)
	if p.filter != "" {
		left = fmt.Sprintf("Events %d match /%s", p.len(), clean(p.filter, l.ascii))
	}
	if s.Lost > 0 {
		left += fmt.Sprintf(", %d lost", s.Lost)
	}
	right = "following"
	if p.stay {
		right = "staying; f follows"
	}
	return left, right
}

// ShortHelp has nothing besides the table.
func (p *eventsPane) ShortHelp() []action { return nil }

// View draws the events in sight, and under them what the one under the
// cursor means.
func (p *eventsPane) View(s *Snapshot, l *look, focus bool) []string {
	if p.len() == 0 {
		text := "  no events yet"
		if p.filter != "" {
			text = "  nothing matches; Esc ends the filter"
		}
		return []string{l.on(roleDim, text)}
	}
	var out []string
	from, to := p.list.span()
	for i := from; i < to; i++ {
		out = append(out, eventLine(p.at(i), p.w, l, i == p.list.cursor, focus))
	}
	if n := p.foot(); n > 0 {
		for len(out) < p.h-n {
			out = append(out, "")
		}
		out = append(out, l.on(roleRule, strings.Repeat(l.rule, p.w)))
		out = append(out, explain(p.Selected(), s, p.w, n-1, l)...)
	}
	return out
}
