package tui

import (
	"strings"
)

// canvas is one line of cells, each with a sign and what it is for.
type canvas struct {
	r    []rune
	role []role
}

func newCanvas(w int) *canvas {
	c := &canvas{r: make([]rune, w), role: make([]role, w)}
	for i := range c.r {
		c.r[i] = ' '
	}
	return c
}

// fill puts a sign into the cells from a to b.
func (c *canvas) fill(a, b int, sign string, as role) {
	r := []rune(sign)[0]
	for i := max(0, a); i < min(b, len(c.r)); i++ {
		c.r[i], c.role[i] = r, as
	}
}

// put writes text and cuts it off at b. Signs that are not of one cell, which
// no point and no state has, become question marks.
func (c *canvas) put(a, b int, text string, as role) {
	for _, r := range clean(text, false) {
		if r >= 0x7f && width(string(r)) != 1 {
			r = '?'
		}
		if a >= 0 && a < min(b, len(c.r)) {
			c.r[a], c.role[a] = r, as
		}
		a++
	}
}

// draw returns the line; what lies in dim is quiet, and in the cells from a to b
// the inks are those of the cursor.
func (c *canvas) draw(l *look, dim, a, b int, row bool) string {
	var out strings.Builder
	from := 0
	ink := func(i int) ink {
		as := c.role[i]
		if i >= dim {
			as = roleDim
		}
		if row || i >= a && i < b {
			return l.sel[as]
		}
		return l.ink[as]
	}
	for i := 1; i <= len(c.r); i++ {
		if i == len(c.r) || ink(i) != ink(from) {
			out.WriteString(ink(from).on(string(c.r[from:i])))
			from = i
		}
	}
	return out.String()
}
