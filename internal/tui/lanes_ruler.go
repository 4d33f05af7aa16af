package tui

import (
	"fmt"
	"strconv"
)

// ruler draws the numbers of positions, or times, and marks the present and the
// cursor.
func (v *lives) ruler(win *window, s scale, cursor int, l *look) *canvas {
	c := newCanvas(win.w)
	busy := 0
	for i := win.from; i < win.to; i++ {
		x, _ := win.cell(i)
		m := &v.moves[i]
		text := ""
		switch {
		case s == scaleTime && (i == win.from || m.Now != v.moves[i-1].Now):
			text = shortTime(m.Now - v.moves[0].Now)
		case s == scaleTime:
		case m.Pos%5 == 0 && s == scaleLabels, m.Pos%10 == 0:
			text = strconv.Itoa(m.Pos)
		case m.Thread == "" && s == scaleLabels:
			text = map[string]string{"clock": "clk", "fault": "flt"}[m.Kind]
			if text == "" {
				text = m.Kind
			}
			text = cut(text, 3, "")
		}
		if x >= busy && text != "" {
			c.put(x, win.w, text, roleDim)
			busy = x + len(text) + 1
		}
	}
	mark := func(column int, sign string, as role) {
		if column >= win.from && column < win.to {
			x, _ := win.cell(column)
			c.put(x, win.w, sign+strconv.Itoa(v.moves[column].Pos)+" ", as)
		}
	}
	mark(v.present, l.down, roleMark)
	if cursor != v.present {
		mark(cursor, l.other, roleWarn)
	}
	return c
}

// shortTime writes a time in four or five cells: 12us, 3ms, 1.4s, 90s.
func shortTime(ns int64) string {
	switch {
	case ns < 1e6:
		return fmt.Sprintf("%dus", ns/1e3)
	case ns < 1e9:
		return fmt.Sprintf("%dms", ns/1e6)
	case ns < 1e10:
		return fmt.Sprintf("%.1fs", float64(ns)/1e9)
	}
	return fmt.Sprintf("%ds", ns/1e9)
}

// overview draws the whole run on one line: what shows is thick, the present
// and the cursor are marked.
func (v *lives) overview(win *window, cursor int, l *look) *canvas {
	c := newCanvas(win.w)
	n := len(v.moves)
	if n == 0 || win.w < 12 {
		return c
	}
	head := strconv.Itoa(max(0, v.moves[0].Pos-1))
	tail := strconv.Itoa(v.moves[n-1].Pos)
	c.put(0, win.w, head, roleDim)
	c.put(win.w-len(tail), win.w, tail, roleDim)
	a, b := v.rail(win)
	c.fill(a, b, l.rule, roleRule)
	c.fill(v.railAt(win, win.from), v.railAt(win, win.to-1)+1, l.ruleFocus, roleTitle)
	if v.present >= 0 {
		c.put(v.railAt(win, v.present), b, l.down, roleMark)
	}
	if cursor != v.present {
		c.put(v.railAt(win, cursor), b, l.other, roleWarn)
	}
	return c
}

// rail returns the cells of the overview between the two numbers.
func (v *lives) rail(win *window) (a, b int) {
	n := len(v.moves)
	return len(strconv.Itoa(max(0, v.moves[0].Pos-1))) + 1, win.w - len(strconv.Itoa(v.moves[n-1].Pos)) - 1
}

// railAt returns the overview's cell of a column, railColumn the column of a
// cell.
func (v *lives) railAt(win *window, column int) int {
	a, b := v.rail(win)
	return a + max(0, column)*max(0, b-a-1)/max(1, len(v.moves)-1)
}

func (v *lives) railColumn(win *window, x int) int {
	a, b := v.rail(win)
	column := (x - a) * max(1, len(v.moves)-1) / max(1, b-a-1)
	return max(0, min(column, len(v.moves)-1))
}
