package tui

import "strings"

// paneID names a pane; the order is that of Tab.
type paneID int

const (
	paneModules paneID = iota
	paneDeps
	paneThreads
	paneLanes
	paneEvents
	paneOutput
	paneConsole
	paneExplain // has no cursor, so it never has the keys
	panes
)

// pane is one region of the screen. It keeps where the person is, never what
// the target is: that comes with each call.
type pane interface {
	// Name is the pane's word, for tabs and help.
	Name() string
	// SetSize tells the room for lines, without the title line.
	SetSize(w, h int)
	// Sync follows a new snapshot: the cursor stays on what it was on.
	Sync(s *Snapshot)
	// Key does a movement or a change of view; false when it has none such.
	Key(a action) bool
	// Title is what the title line says: left, and right pushed to its end.
	Title(s *Snapshot, l *look) (left, right string)
	// View draws at most the lines there is room for.
	View(s *Snapshot, l *look, focus bool) []string
	// ShortHelp lists the actions to hint at here, besides those of the table
	// that name this pane.
	ShortHelp() []action
}

// titleLine draws the line above a pane: a rule with the title in it, thick
// and with a cursor sign when the pane has the keys.
func titleLine(l *look, w int, left, right string, focus bool) string {
	rule, ink := l.rule, roleTitle
	lead := rule
	if focus {
		rule, ink = l.ruleFocus, roleFocus
		lead = l.cursor
	}
	if w < 4 {
		return l.on(roleRule, strings.Repeat(rule, max(0, w)))
	}
	left = cut(left, w-4, l.tail)
	room := w - 4 - width(left)
	if right != "" && width(right)+3 > room { // what stands before the semicolon is enough
		if right, _, _ = strings.Cut(right, ";"); width(right)+3 > room {
			right = ""
		}
	}
	var b strings.Builder
	b.WriteString(l.on(ink, lead) + " " + l.on(ink, left) + " ")
	if right == "" {
		b.WriteString(l.on(roleRule, strings.Repeat(rule, w-3-width(left))))
		return b.String()
	}
	fill := w - 3 - width(left) - width(right) - 3
	b.WriteString(l.on(roleRule, strings.Repeat(rule, fill)))
	b.WriteString(" " + l.on(roleDim, right) + " " + l.on(roleRule, rule))
	return b.String()
}

// block makes lines exactly h lines of w cells.
func block(lines []string, w, h int, l *look) []string {
	out := make([]string, h)
	for i := range out {
		if i < len(lines) {
			out[i] = fit(lines[i], w, l.tail)
		} else {
			out[i] = strings.Repeat(" ", w)
		}
	}
	return out
}
