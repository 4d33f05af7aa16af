package tui

import (
	"sort"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// scale says how columns become cells.
type scale int

const (
	scaleLabels scale = iota // four cells each, with the point's name
	scaleDense               // one cell each, with the point's phase
	scaleTime                // as labels, and pauses of the clock are wider
	scales
)

func (s scale) String() string { return [scales]string{"steps", "dense", "time"}[s] }

const labelCells = 4

// width returns how many cells a column takes.
func (v *lives) width(s scale, column int) int {
	switch s {
	case scaleDense:
		return 1
	case scaleTime:
		if column > 0 {
			return labelCells + pauseCells(v.moves[column].Now-v.moves[column-1].Now)
		}
	}
	return labelCells
}

// pauseCells is how many cells a pause of so many nanoseconds is wider: three
// for each power of ten above 100 microseconds, so that a second and a
// microsecond both can be seen.
func pauseCells(ns int64) int {
	n := 0
	for limit := int64(1e5); ns > limit && n < 18; limit *= 10 {
		n += 3
	}
	return n
}

// window is the part of a run that shows.
type window struct {
	from, to int // columns, to is not in it
	x        []int
	w        int // cells
}

// window chooses what shows in w cells so that a column is in it: from is where
// the last window began, which stays if it can.
func (v *lives) window(s scale, from, column, w int) window {
	n := len(v.moves)
	column = max(0, min(column, n-1))
	from = max(0, min(from, column))
	room := min(20, w/3) // for what is said at the end of a lane
	used := 0
	for c := from; c <= column && c < n; c++ {
		used += v.width(s, c)
	}
	if used+room > w { // it begins later, as much as is needed and a bit more
		used = 0
		from = column
		for from > 0 && used+v.width(s, from)+room <= w {
			used += v.width(s, from)
			from--
		}
	}
	win := window{from: from, to: from, w: w}
	x := 0
	for win.to < n && x < w {
		win.x = append(win.x, x)
		x += v.width(s, win.to)
		win.to++
	}
	win.x = append(win.x, min(x, w))
	return win
}

// cell returns the first cell of a column and the one behind its last.
func (w *window) cell(column int) (x, end int) {
	i := column - w.from
	return w.x[i], min(w.w, w.x[i+1])
}

// column returns the column at a cell.
func (w *window) column(x int) int {
	if w.to == w.from {
		return -1
	}
	n := sort.Search(w.to-w.from, func(i int) bool { return w.x[i] > x })
	return w.from + max(0, n-1)
}

// label is what a move is called on its lane, "" when there is nothing to say.
func label(m *kernel.Move, s scale) string {
	text := m.Point
	if m.Kind != "step" {
		text = map[string]string{"spawn": "new", "release": "go", "signal": "sig"}[m.Kind]
	}
	if r := []rune(text); s == scaleDense && len(r) > 0 {
		text = string(r[:1])
	}
	return cut(text, 2*labelCells, "")
}

// lane draws one lane in a window; marked says at which points of it runs stop.
func (v *lives) lane(ln *lane, win *window, s scale, l *look, marked func(point string) bool) *canvas {
	c := newCanvas(win.w)
	if win.from == win.to {
		return c
	}
	_, edge := win.cell(win.to - 1)
	// What was so before the window begins where the last own move was.
	start := sort.SearchInts(ln.at, win.from)
	if ln.born < win.from || start > 0 {
		x := 0
		var before *kernel.Move
		if start > 0 {
			before = &v.moves[ln.at[start-1]]
		}
		v.span(c, before, x, v.until(ln, start, win, edge), s, l)
	} else if ln.born >= win.from && ln.born < win.to && (len(ln.at) == 0 || ln.born < ln.at[0]) {
		x, _ := win.cell(ln.born)
		v.span(c, nil, x, v.until(ln, 0, win, edge), s, l)
		c.put(x, edge, l.born, roleDim)
	}
	for i := start; i < len(ln.at) && ln.at[i] < win.to; i++ {
		m := &v.moves[ln.at[i]]
		x, end := win.cell(ln.at[i])
		v.span(c, m, x, v.until(ln, i+1, win, edge), s, l)
		text := clean(label(m, s), l.ascii)
		as := roleKey
		if text == "" {
			if m.Status == "ready" {
				c.fill(x, end, l.rule, roleText)
			}
			continue
		}
		if m.Point != "" && marked(m.Point) {
			if as = roleBad; s == scaleDense {
				text = ""
			}
			text = l.breakpoint + text
		}
		c.fill(x, end, l.rule, roleText)
		c.put(x, end, text, as)
	}
	return c
}

// until is the cell at which the lane's own move number i begins, or the edge.
func (v *lives) until(ln *lane, i int, win *window, edge int) int {
	if i < len(ln.at) && ln.at[i] < win.to {
		x, _ := win.cell(ln.at[i])
		return x
	}
	return edge
}

// span draws what a thread does from a cell to another after its move m; nil is
// before its first.
func (v *lives) span(c *canvas, m *kernel.Move, x, end int, s scale, l *look) {
	sign, as, text := l.idle, roleDim, ""
	if m != nil {
		skip := max(len(label(m, s))+1, labelCells)
		if s == scaleDense {
			skip = 1
		}
		words := func(does, what string) string {
			if text := spanWords(does, what, end-x-skip-2); text != "" && s == scaleDense {
				skip++ // one cell of what it does before the words, where there is room
				return text
			}
			return spanWords(does, what, end-x-skip-1)
		}
		switch m.Status {
		case "blocked":
			sign, as, text = l.wait, roleComing, words("waits", " for "+clean(m.Waits, l.ascii))
		case "held":
			sign, as, text = l.hold, roleGoing, words("held", " at "+clean(m.At, l.ascii))
		case "done":
			word, bad := ended(m)
			mark, as := l.done, roleGood
			switch {
			case bad:
				mark, as = l.broken, roleBad
			case m.Verdict == "":
				mark, as = l.arrow, roleDim
			}
			if label(m, s) != "" {
				x += max(skip, 2)
			}
			c.put(x, len(c.r), cut(mark+" "+clean(word, l.ascii), len(c.r)-x, l.tail), as)
			return
		}
		if text != "" && end-x > skip+len(text) {
			c.fill(x, end, sign, as)
			c.put(x+skip, end-1, cut(text, end-x-skip-1, ""), as)
			return
		}
	}
	c.fill(x, end, sign, as)
}

// ended says in a word or two how a thread ended, and whether that was wrong.
func ended(m *kernel.Move) (string, bool) {
	switch {
	case m.Killed:
		return "killed", false
	case m.Verdict != "":
		return string(m.Verdict), wrong(m.Verdict)
	}
	return result(&trace.Event{Ret: &m.Result}), false
}

// spanWords says what a thread does in as many cells as there are: in full, or
// with the last word of what follows, which is its name, or only what it does.
func spanWords(does, what string, cells int) string {
	last := what[strings.LastIndexByte(what, ' '):]
	for _, text := range []string{does + what, does + what[:strings.IndexByte(what[1:], ' ')+1] + last, does} {
		if width(text) <= cells {
			return text
		}
	}
	return ""
}

// band draws the life of a module in a window.
func (v *lives) band(b *stateBand, win *window, l *look) *canvas {
	c := newCanvas(win.w)
	if win.from == win.to {
		return c
	}
	_, edge := win.cell(win.to - 1)
	for i, ch := range b.changes {
		x, end := 0, edge
		if ch.column >= win.to {
			break
		}
		if ch.column >= win.from {
			x, _ = win.cell(ch.column)
		}
		if i+1 < len(b.changes) {
			next := b.changes[i+1].column
			if next <= win.from {
				continue
			}
			if next < win.to {
				end, _ = win.cell(next)
			}
		}
		if ch.state == trace.Absent {
			c.fill(x, end, " ", roleDim)
			c.put(x, end, l.absent, roleDim)
			continue
		}
		as := stateRole(ch.state)
		c.fill(x, end, l.rule, as)
		text := l.state(ch.state)
		if n := len(ch.state); end-x >= n+3 {
			text += " " + clean(string(ch.state), l.ascii) + " "
		}
		c.put(x, end, text, as)
	}
	return c
}
