package tui

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// lanes are those that the filter leaves, in the order that was chosen.
func (p *lanesPane) lanes() []lane {
	return arrangeThreads(p.lives().lanes, func(l *lane) *kernel.ThreadState { return l.now }, p.sort, p.turned, p.filter,
		func(l *lane, words []string) bool {
			if l.now == nil {
				return ops.HasWords(words, l.id)
			}
			return threadHas(l.now, words)
		})
}

// place puts the cursor back on its thread.
func (p *lanesPane) place() {
	lanes := p.lanes()
	if i := slices.IndexFunc(lanes, func(l lane) bool { return l.id == p.id }); i >= 0 {
		p.list.cursor = i
	}
	p.list.set(len(lanes), p.rows())
}

// rows is how many lanes there is room for: modules get what is left, or a third
// of a great room.
func (p *lanesPane) rows() int {
	room := max(1, p.h-1-p.rail())
	bands := room - len(p.lanes())
	if room >= 6 {
		bands = max(bands, room/3)
	}
	return max(1, room-max(0, min(len(p.made.bands), bands)))
}

// rail is the line of the overview, where there is room for it: what a module
// was comes first.
func (p *lanesPane) rail() int {
	need := 2 // the ruler and the overview
	if p.s != nil && p.s.Debug != nil {
		need += min(3, len(p.s.Debug.Threads)) + min(1, len(p.lives().bands))
	}
	if p.h >= max(5, need) {
		return 1
	}
	return 0
}

// column is the one that the cursor is in.
func (p *lanesPane) column() int {
	v := p.lives()
	if p.look {
		return v.column(p.pos)
	}
	return v.present
}

// Looking returns the move under the cursor when it is not the present one.
func (p *lanesPane) Looking() (*kernel.Move, bool) {
	v := p.lives()
	if c := p.column(); p.look && c != v.present && c >= 0 && c < len(v.moves) {
		return &v.moves[c], true
	}
	return nil, false
}

// Scrub moves the cursor by columns; it says whether there was anywhere to go.
func (p *lanesPane) Scrub(d int) bool {
	v := p.lives()
	return p.To(p.column()+d) && len(v.moves) > 0
}

// To puts the cursor into a column.
func (p *lanesPane) To(column int) bool {
	v := p.lives()
	if len(v.moves) == 0 {
		return false
	}
	was := p.column()
	column = max(0, min(column, len(v.moves)-1))
	p.pos, p.look = v.pos(column), column != v.present
	return column != was
}

// Select puts the cursor on a thread's lane.
func (p *lanesPane) Select(id string) {
	p.id = id
	if p.s != nil {
		p.lives()
		p.place()
	}
}

// Selected is the lane under the cursor, nil when there is none.
func (p *lanesPane) Selected() *lane {
	if lanes := p.lanes(); p.list.cursor < len(lanes) {
		return &lanes[p.list.cursor]
	}
	return nil
}

// Point is the point of the selected lane at the cursor, "" when there is none.
func (p *lanesPane) Point() string {
	v := p.lives()
	l := p.Selected()
	if l == nil {
		return ""
	}
	m := v.last(l, p.column())
	switch {
	case m == nil:
		return ""
	case m.Point != "":
		return m.Point
	}
	return m.At
}

// Key moves from lane to lane, along them, or changes how they are drawn.
func (p *lanesPane) Key(a action) bool {
	v := p.lives()
	switch a {
	case actLeft:
		return p.Scrub(-1)
	case actRight:
		return p.Scrub(1)
	case actPageLeft:
		return p.Scrub(-10)
	case actPageRight:
		return p.Scrub(10)
	case actFirstColumn:
		return p.To(0)
	case actLastColumn:
		return p.To(len(v.moves) - 1)
	case actScale:
		p.scale = (p.scale + 1) % scales
	case actSort:
		p.sort, p.turned = (p.sort+1)%orders, false
		p.place()
	case actReverse:
		p.turned = !p.turned
		p.place()
	case actFollow:
		p.stay = !p.stay
		if !p.stay {
			p.look = false
		}
	default:
		p.place()
		if !p.list.act(a) {
			return false
		}
		if l := p.Selected(); l != nil {
			p.id = l.id
			p.chosen(l.id)
		}
	}
	return true
}

// breaksAt is the number of the breakpoint that stops a thread at a point, 0
// when there is none.
func (p *lanesPane) breaksAt(point, id string) int {
	for _, b := range p.breaks {
		if b.Point == point && (b.Thread == "" || b.Thread == id) {
			return b.Number
		}
	}
	return 0
}
