package tui

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// maxWanted bounds the keys kept while a move is under way.
const maxWanted = 64

// explained is the thread that the explanation is of: the selected one, unless
// the person is among the events.
func (m *Model) explained() *kernel.ThreadState {
	if m.snap.Debug == nil || m.focus == paneEvents || m.moment() {
		return nil
	}
	return m.threads.Selected()
}

// moveThreads does by a verb what a key asks for, so that whatever the keys do
// can be read, and typed. Keys that come while a move is under way are kept.
func (m *Model) moveThreads(a action) tea.Cmd {
	if m.job != nil {
		if len(m.wanted) < maxWanted {
			m.wanted = append(m.wanted, a)
		}
		return nil
	}
	d, line := m.snap.Debug, ""
	id := ""
	if t := m.threads.Selected(); t != nil {
		id = ops.Quote(t.ID)
	}
	switch a {
	case actStep:
		line = "step " + id
	case actStage:
		line = "next " + id
	case actContinue:
		line = "continue"
	case actRelease:
		line = "release " + id
	case actStepBack:
		line = "back"
	case actStepForth:
		line = fmt.Sprintf("goto %d", d.Pos+1)
	case actStart:
		line = "goto 0"
		if m.race && d.Pos > m.start {
			line = fmt.Sprintf("goto %d", m.start)
		}
	case actEnd:
		line = "goto end"
	}
	if m.focus != paneOutput && m.bottom == paneOutput {
		m.bottom = paneLanes
	}
	return m.runMove(line)
}

// runMove runs a line that a key stands for.
func (m *Model) runMove(line string) tea.Cmd {
	if m.job != nil {
		return m.say(m.job.line + " is running; Ctrl-C cancels it")
	}
	cmd := m.run(line)
	if m.job != nil {
		m.job.move = true
	}
	m.resize()
	return cmd
}

// choose selects the thread of a number and steps it.
func (m *Model) choose(n int) tea.Cmd {
	lanes := m.lanes.lanes()
	if m.job != nil && m.job.move {
		if len(m.wanted) < maxWanted {
			m.wanted = append(m.wanted, actChoose+action(n))
		}
		return nil
	}
	if n < len(lanes) && m.threads.filter != "" && !m.threads.Select(lanes[n].id) {
		m.threads.filter = ""
		m.sync()
	}
	switch {
	case m.snap.Debug == nil || m.feed == nil:
		return m.say(m.whyNot(actStep))
	case n >= len(lanes):
		return m.say(fmt.Sprintf("there is no thread %d: they are numbered 1 to %d, as on their lanes", n+1, min(chosen, len(lanes))))
	case !m.threads.Select(lanes[n].id):
		return m.say(lanes[n].id + " is not there yet at this position")
	}
	m.sync()
	return m.do(actStep)
}

// nextLine runs the next of the lines to be run one after the other, or a key
// that was kept.
func (m *Model) nextLine() tea.Cmd {
	switch {
	case len(m.lines) > 0:
		line := m.lines[0]
		m.lines = m.lines[1:]
		return m.run(line)
	case m.setting && m.snap.Debug != nil:
		m.setting, m.race, m.start = false, true, m.snap.Debug.Pos
		m.notice = ""
		m.resize()
	case len(m.wanted) > 0:
		a := m.wanted[0]
		m.wanted = m.wanted[1:]
		return m.do(a)
	}
	return nil
}

// headline says a result in a line: where a run stopped, which future this is,
// or all of it where that is no more than a line; "" for what is longer.
func headline(r ops.Result) string {
	if r == nil {
		return ""
	}
	if f, ok := r.(*ops.ForksResult); ok {
		for _, o := range f.Futures {
			if o.Present && len(f.Futures) > 1 {
				return fmt.Sprintf("this is %s, one of %d futures; D shows two side by side, : fork NAME goes to another", o.Name, len(f.Futures))
			}
		}
	}
	if notes := notesOf(r); len(notes) > 0 {
		return notes[0]
	}
	var text limited
	if err := r.WriteText(&text, ops.Style{Width: maxLine}); err != nil {
		return ""
	}
	lines := text.lines()
	if _, ok := r.(*ops.StopResult); !ok {
		if len(lines) == 1 {
			return strings.TrimSpace(lines[0])
		}
		return ""
	}
	for _, line := range lines {
		if !strings.HasPrefix(line, "breakpoint ") {
			return line
		}
	}
	return ""
}

// notesOf is what a result says besides: that a fault or a breakpoint strikes nobody
// now, and why.
func notesOf(r ops.Result) []string {
	switch r := r.(type) {
	case *ops.FaultsResult:
		return r.Notes
	case *ops.BreaksResult:
		return r.Notes
	}
	return nil
}

// position is where in the history the target is.
func position(d *kernel.Snapshot, future string) segment {
	s := segment{roleTitle, fmt.Sprintf("step %d of %d", d.Pos, d.End), 1}
	if d.Pos < d.End {
		s.as = roleWarn
		s.text += ", gone back"
	}
	if future != "" {
		s.text += ", future " + future
	}
	return s
}

// gauge is how many permits of request_module() are taken, as a bar of five
// cells and in numbers.
func gauge(l *look, p kernel.Permits) segment {
	const cells = 5
	full := 0
	if p.Max > 0 {
		full = min(cells, (p.Used*cells+p.Max-1)/p.Max)
	}
	bar := strings.Repeat(l.full, max(0, full)) + strings.Repeat(l.empty, cells-max(0, full))
	s := segment{roleDim, fmt.Sprintf("permits %d of %d %s", p.Used, p.Max, bar), 4}
	switch {
	case p.Waiting > 0:
		s.as, s.text = roleBad, fmt.Sprintf("%s, %d wait", s.text, p.Waiting)
	case p.Used >= p.Max:
		s.as = roleWarn
	case p.Used > 0:
		s.as = roleText
	}
	return s
}
