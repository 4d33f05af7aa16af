package tui

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// lanesPane draws a line of life for each thread and for each module, and goes
// along them: a cursor looks at other positions without going there.
type lanesPane struct {
	w, h     int
	list     scroller
	s        *Snapshot
	breaks   []ops.Breakpoint
	scale    scale
	filter   string
	sort     order
	turned   bool   // the order is turned round
	id       string // thread under the cursor
	pos      int    // position under the cursor, when it looks elsewhere
	look     bool   // it does
	stay     bool   // and does not follow what happens
	from     int    // first column that shows
	quiet    bool   // no thread is chosen: the lanes are only looked at
	made     *lives
	ofDebug  *kernel.Snapshot // that made was made of
	ofSeq    uint64
	scrubbed bool            // the mouse went down on the ruler or the whole run
	onRail   bool            // on the latter
	chosen   func(id string) // told of the thread under the cursor
}

// Name is the pane's word.
func (p *lanesPane) Name() string { return "Lanes" }

// SetSize tells the room.
func (p *lanesPane) SetSize(w, h int) { p.w, p.h = w, h }

// Sync follows the snapshot; it is laid out when it is needed.
func (p *lanesPane) Sync(s *Snapshot) {
	p.s = s
	if p.look && !p.stay && s.Debug != nil && p.ofDebug != s.Debug {
		p.look = false // something happened
	}
}

// lives lays the snapshot out, once.
func (p *lanesPane) lives() *lives {
	if p.s == nil {
		return &lives{present: -1}
	}
	if p.made == nil || p.ofDebug != p.s.Debug || p.ofSeq != p.s.Seq {
		p.made, p.ofDebug, p.ofSeq = layLives(p.s), p.s.Debug, p.s.Seq
		p.place()
	}
	return p.made
}

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

// rail is the line of the overview, where there is room for it.
func (p *lanesPane) rail() int {
	if p.h >= 5 {
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

// Title counts the lanes, says where the cursor looks, and whom the selected
// thread waits for.
func (p *lanesPane) Title(s *Snapshot, l *look) (left, right string) {
	v := p.lives()
	left = fmt.Sprintf("Lanes %d", len(v.lanes))
	if p.filter != "" {
		left = fmt.Sprintf("Lanes %d of %d /%s", len(p.lanes()), len(v.lanes), clean(p.filter, l.ascii))
	}
	left += orderText(p.sort, p.turned, l)
	if p.scale != scaleLabels {
		left += " " + p.scale.String()
	}
	if p.stay {
		left += " staying"
	}
	if m, ok := p.Looking(); ok {
		right = fmt.Sprintf("looking at %d of %d", m.Pos, v.end)
		if s.Debug != nil {
			right += "; Enter goes there"
		}
		return left, right
	}
	if ln := p.Selected(); ln != nil && ln.now != nil && s.Debug != nil {
		if chain := waitChain(s.Debug, ln.now); len(chain) > 0 {
			right = ln.id + " " + l.arrow + " " + strings.Join(chain, " "+l.arrow+" ")
			if t := s.Debug.Thread(chain[len(chain)-1]); t != nil && t.Status == "held" {
				right += ", held"
			}
			return left, clean(right, l.ascii)
		}
	}
	return left, "step " + fmt.Sprintf("%d of %d", v.pos(v.present), v.end)
}

// ShortHelp has nothing besides the table.
func (p *lanesPane) ShortHelp() []action { return nil }

// nameCells is how wide the names before the lanes are.
func (p *lanesPane) nameCells() int {
	n, limit := 4, 14
	if p.w < 60 {
		limit = 8
	}
	for _, l := range p.lives().lanes {
		n = max(n, min(limit, width(l.id)+l.depth))
	}
	for _, b := range p.lives().bands {
		n = max(n, min(limit, width(b.name)))
	}
	return n
}

// gutter is all that stands before the cells of a lane: two marks, the number
// for the key that steps it, the name.
func (p *lanesPane) gutter() int { return 4 + p.nameCells() + 1 }

// window is what shows now.
func (p *lanesPane) window() window {
	win := p.lives().window(p.scale, p.from, p.column(), max(1, p.w-p.gutter()))
	p.from = win.from
	return win
}

// View draws the ruler, the lanes, the modules, and the whole run as a line.
func (p *lanesPane) View(s *Snapshot, l *look, focus bool) []string {
	v := p.lives()
	if len(v.lanes) == 0 && len(v.moves) == 0 {
		text := "  nobody has done anything yet"
		if s.Debug != nil {
			text = "  no threads; type : spawn A load ext4"
		}
		return []string{l.on(roleDim, text)}
	}
	p.place()
	win := p.window()
	cursor := p.column()
	dim, a, b := win.w, -1, -1
	if v.present < win.from {
		dim = 0
	} else if v.present+1 < win.to {
		dim, _ = win.cell(v.present + 1)
	}
	if p.look && cursor >= win.from && cursor < win.to {
		a, b = win.cell(cursor)
	}
	gutter := strings.Repeat(" ", p.gutter())
	out := []string{gutter + v.ruler(&win, p.scale, cursor, l).draw(l, win.w, -1, -1, false)}
	lanes := p.lanes()
	var waited []string
	if sel := p.Selected(); sel != nil && sel.now != nil && s.Debug != nil {
		waited = waitChain(s.Debug, sel.now)
	}
	from, to := p.list.span()
	for i := from; i < to; i++ {
		ln := &lanes[i]
		c := v.lane(ln, &win, p.scale, l, func(point string) bool { return p.breaksAt(point, ln.id) > 0 })
		row := i == p.list.cursor && focus
		out = append(out, p.head(s, ln, i, i == p.list.cursor, row, slices.Contains(waited, ln.id), l)+c.draw(l, dim, a, b, row))
	}
	for i := 0; i < len(v.bands) && len(out) < p.h-p.rail(); i++ {
		band := &v.bands[i]
		name := fit(clean(band.name, l.ascii), p.nameCells(), l.tail)
		out = append(out, "    "+l.on(roleDim, name)+" "+v.band(band, &win, l).draw(l, dim, a, b, false))
	}
	if p.rail() > 0 {
		for len(out) < p.h-1 {
			out = append(out, "")
		}
		out = append(out, l.on(roleDim, fit("    run", p.gutter(), ""))+v.overview(&win, cursor, l).draw(l, win.w, -1, -1, false))
	}
	return out
}

// head draws what stands before a lane.
func (p *lanesPane) head(s *Snapshot, ln *lane, i int, cursor, row, waited bool, l *look) string {
	ink := l.inks(row)
	mark, last, number := " ", " ", " "
	if cursor && !p.quiet {
		mark = l.cursor
	}
	switch {
	case waited && !p.quiet:
		last = l.back
	case ln.id == s.Moved:
		last = l.changed
	}
	if i < chosen && s.Debug != nil && !p.quiet {
		number = fmt.Sprint(i + 1)
	}
	name := clean(ln.id, l.ascii)
	if ln.depth > 0 && p.w >= 60 {
		name = " " + name
	}
	as := roleText
	if ln.now == nil && s.Debug != nil {
		as = roleDim // not there yet
	}
	return ink[roleMark].on(mark+last) + ink[roleDim].on(number+" ") + ink[as].on(fit(name, p.nameCells(), l.tail)+" ")
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
