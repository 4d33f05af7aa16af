package tui

import "example.org/kmodsh/internal/trace"

// glyphs are the signs of the screen; every one is a single cell, save the
// branches of trees, which are three.
type glyphs struct {
	live, coming, going, unformed, builtin, absent string

	cursor, changed, tail     string // tail stands for what was cut off
	rule, ruleFocus, vertical string
	tee                       string // where a vertical begins under a rule
	up, down, arrow, dot      string
	fork, last, through       string // branches of trees
	done, busy, broken        string // stages of opening
	full, empty, caret        string // progress bar; text cursor

	idle, wait, hold, born  string // on lanes: could move, waits, is held; begins
	breakpoint, other, back string // on lanes: runs stop; the cursor; is waited for
}

var unicodeGlyphs = glyphs{
	live: "●", coming: "◐", going: "◌", unformed: "○", builtin: "■", absent: "·",
	cursor: "▸", changed: "◆", tail: "…",
	rule: "─", ruleFocus: "━", vertical: "│", tee: "┬",
	up: "▲", down: "▼", arrow: "→", dot: "·",
	fork: "├─ ", last: "└─ ", through: "│  ",
	done: "✓", busy: "▸", broken: "✗",
	full: "█", empty: "░", caret: "█",
	idle: "·", wait: "┄", hold: "═", born: "└", breakpoint: "◉", other: "◇", back: "←",
}

var asciiGlyphs = glyphs{
	live: "*", coming: "+", going: "-", unformed: "o", builtin: "#", absent: ".",
	cursor: ">", changed: "!", tail: "~",
	rule: "-", ruleFocus: "=", vertical: "|", tee: "+",
	up: "^", down: "v", arrow: "->", dot: "-",
	fork: "|- ", last: "`- ", through: "|  ",
	done: "+", busy: ">", broken: "x",
	full: "#", empty: ".", caret: "_",
	idle: ".", wait: "~", hold: "=", born: "`", breakpoint: "@", other: "?", back: "<",
}

func (g *glyphs) state(s trace.State) string {
	switch s {
	case trace.Live:
		return g.live
	case trace.Coming:
		return g.coming
	case trace.Going:
		return g.going
	case trace.Unformed:
		return g.unformed
	case trace.Builtin:
		return g.builtin
	}
	return g.absent
}
