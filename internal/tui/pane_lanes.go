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
	ofReach  reach           // that the cursor looks along
	scrubbed bool            // the mouse went down on the ruler or the whole run
	onRail   bool            // on the latter
	chosen   func(id string) // told of the thread under the cursor
}

// Name is the pane's word.
func (p *lanesPane) Name() string { return "Lanes" }

// SetSize tells the room.
func (p *lanesPane) SetSize(w, h int) { p.w, p.h = w, h }

// reach is how far a run has come. Snapshots are taken every second; only one that
// differs in this tells that something happened.
type reach struct {
	target        string
	pos, end      int
	events, moves int
}

func reachOf(d *kernel.Snapshot) reach {
	return reach{d.Target, d.Pos, d.End, len(d.Events), len(d.Moves)}
}

// Sync follows the snapshot; it is laid out when it is needed.
func (p *lanesPane) Sync(s *Snapshot) {
	p.s = s
	if s.Debug == nil {
		return
	}
	now := reachOf(s.Debug)
	if p.look && !p.stay && now != p.ofReach {
		p.look = false // something happened
	}
	p.ofReach = now
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
