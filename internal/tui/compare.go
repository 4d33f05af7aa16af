package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// compareView shows two futures side by side, over the panes: what differs,
// the lanes of each from where they part, and the events of each from there.
type compareView struct {
	scroller
	both *ops.Comparison
	diff *ops.DiffResult
}

// compareMsg brings the two futures.
type compareMsg struct {
	epoch int
	both  *ops.Comparison
	err   error
}

// compare takes both futures as they are now.
func (m *Model) compare() tea.Cmd {
	ctx, epoch, s := m.feed.ctx, m.feed.epoch, m.session
	return m.guard(func() tea.Msg {
		both, err := s.Compare(ctx, "")
		return compareMsg{epoch, both, err}
	})
}

func (m *Model) gotCompare(msg compareMsg) {
	switch {
	case !m.current(msg.epoch):
	case msg.err != nil:
		m.say("nothing to compare: " + firstLine(msg.err.Error()) + "; o makes another future here, b goes back first")
	default:
		m.beside = &compareView{both: msg.both, diff: msg.both.Diff()}
	}
}

// compareKey scrolls, goes to the other future, or closes.
func (m *Model) compareKey(name string) tea.Cmd {
	switch name {
	case "esc", "q", "D":
		m.beside = nil
		return nil
	case "enter", "o":
		there := m.beside.both.There
		m.beside = nil
		return m.runMove("fork " + ops.Quote(there))
	case "ctrl+c":
		m.beside = nil
		return nil
	}
	if a, ok := m.scrolls(name); ok && m.beside.view(a) {
		return nil
	}
	return m.say("Up and Down scroll, Enter goes to the other future, Esc closes")
}

// body draws the comparison in n lines of w cells.
func (c *compareView) body(l *look, w, n int) []string {
	lines := c.lines(l, w)
	c.set(len(lines), n-1)
	off := max(0, min(c.off, len(lines)-(n-1)))
	c.off = off
	title := fmt.Sprintf("Futures %s and %s", clean(c.both.Here, l.ascii), clean(c.both.There, l.ascii))
	out := []string{titleLine(l, w, title, fmt.Sprintf("the first %d events are alike", c.diff.Common), true)}
	return append(out, lines[off:min(len(lines), off+n-1)]...)
}

// lines writes all of it for a width.
func (c *compareView) lines(l *look, w int) []string {
	var out []string
	half := (w - 3) / 2
	side := w >= twoColumns
	if !side {
		half = w - 2
	}
	put := func(a, b []string) {
		if !side {
			for _, part := range [][]string{a, b} {
				for _, line := range part {
					out = append(out, " "+fit(line, half, l.tail))
				}
			}
			return
		}
		n := max(len(a), len(b))
		a, b = block(a, half, n, l), block(b, half, n, l)
		for i := range n {
			out = append(out, " "+a[i]+l.on(roleRule, l.vertical)+b[i])
		}
	}
	head := func(name string, s *kernel.Snapshot, here bool) string {
		text := fmt.Sprintf("%s, step %d", clean(name, l.ascii), s.Pos)
		if here {
			text += ", you are here"
		}
		return l.on(roleFocus, text)
	}
	put([]string{head(c.both.Here, c.both.A, true)}, []string{head(c.both.There, c.both.B, false)})
	put(c.pairs(l, func(p ops.Pair) string { return p.Here }), c.pairs(l, func(p ops.Pair) string { return p.There }))
	parted := func(s *kernel.Snapshot) []string { return c.lanes(s, l, half) }
	put(parted(c.both.A), parted(c.both.B))
	put(c.events(c.both.A, l, half), c.events(c.both.B, l, half))
	return out
}

// pairs lists modules and threads that are not alike, as one side has them.
func (c *compareView) pairs(l *look, of func(ops.Pair) string) []string {
	all := slices.Concat(c.diff.Modules, c.diff.Threads)
	if len(all) == 0 {
		return []string{l.on(roleDim, "modules and threads are alike")}
	}
	var out []string
	for _, p := range all {
		as := roleText
		if slices.ContainsFunc(kernel.Verdicts(), func(v kernel.Verdict) bool { return wrong(v) && strings.Contains(of(p), string(v)) }) {
			as = roleBad
		}
		out = append(out, l.on(roleTitle, fit(clean(p.What, l.ascii), 10, l.tail))+" "+l.on(as, clean(of(p), l.ascii)))
	}
	return out
}

// lanes draws a future's lanes from a little before where they part.
func (c *compareView) lanes(s *kernel.Snapshot, l *look, w int) []string {
	p := &lanesPane{chosen: func(string) {}, quiet: true}
	snap := &Snapshot{Debug: s, Target: s.Target}
	p.Sync(snap)
	v := p.lives()
	p.SetSize(w, 3+min(12, len(v.lanes)+len(v.bands)))
	n, _ := slices.BinarySearchFunc(v.moves, uint64(c.diff.Common+1), func(m kernel.Move, seq uint64) int { return int(int64(m.Events) - int64(seq)) })
	p.from = max(0, n-2)
	p.To(min(n, len(v.moves)-1))
	return append([]string{""}, p.View(snap, l, false)...)
}

// events lists a future's events from where they part.
func (c *compareView) events(s *kernel.Snapshot, l *look, w int) []string {
	out := []string{"", l.on(roleTitle, "Events from there")}
	if c.diff.Common >= len(s.Events) {
		text := fmt.Sprintf("none: nothing has happened here since they parted, at step %d", s.Pos)
		if len(c.both.A.Events) == len(c.both.B.Events) {
			text = fmt.Sprintf("none: the events of both are the same, %d; what differs is above", c.diff.Common)
		}
		for _, line := range wrap(text, w-2, maxLines) {
			out = append(out, "  "+l.on(roleDim, line))
		}
		return out
	}
	list := s.Events[c.diff.Common:]
	for i := range min(len(list), maxLines/2) {
		out = append(out, shortEvent(&list[i], w, l))
	}
	return out
}

// shortEvent is eventLine without a time, for half a screen.
func shortEvent(e *trace.Event, w int, l *look) string {
	text := " " + l.on(roleText, fit(clean(thread(e.Thread), l.ascii), 9, l.tail)) + " " + l.on(roleKey, fit(clean(e.Point, l.ascii), 3, l.tail)) + " "
	if e.Module != "" {
		text += clean(e.Module, l.ascii) + " "
	}
	if e.State != "" {
		text += l.on(stateRole(e.State), l.state(e.State)+" "+clean(string(e.State), l.ascii)) + " "
	}
	text += l.on(roleDim, clean(fragment(e), l.ascii))
	if e.Ret != nil {
		text += " " + l.arrow + " " + result(e)
	}
	return fit(text, w, l.tail)
}
