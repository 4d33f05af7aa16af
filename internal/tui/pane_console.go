package tui

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kernel/klog"
	"example.org/kmodsh/internal/ops"
)

// consoleLines is how many of the last lines of a kernel's log are read.
const consoleLines = 400

// consolePane shows the end of the kernel's log: what a real kernel printed, or
// what the simulated one would have.
type consolePane struct {
	w, h   int
	list   scroller
	filter string
	placed string // filter that the rows are of
	stay   bool   // not following

	lines []string // of the log
	bad   []bool   // which belong to a report of trouble; nil until it is asked
	rows  []int    // that the filter leaves
	err   error    // why it could not be read
	read  bool
}

// consoleMsg brings the log of a target that is not debugged.
type consoleMsg struct {
	epoch int
	lines []string
	err   error
}

// Name is the pane's word.
func (p *consolePane) Name() string { return "Console" }

// SetSize tells the room.
func (p *consolePane) SetSize(w, h int) {
	p.w, p.h = w, h
	p.place()
}

// Sync takes the log of a snapshot that has it, or what a kernel that died left.
func (p *consolePane) Sync(s *Snapshot) {
	var dead *kernel.DeadError
	switch {
	case s.Target == "":
		p.lines, p.read, p.err = nil, false, nil
	case errors.As(s.Down, &dead) && len(dead.Console) > 0 && (s.Debug == nil || len(s.Debug.Log) == 0):
		p.take(dead.Console, nil)
	case s.Debug != nil:
		p.take(s.Debug.Log, nil)
	}
	p.place()
}

// take shows other lines.
func (p *consolePane) take(lines []string, err error) {
	if len(lines) > consoleLines {
		lines = lines[len(lines)-consoleLines:]
	}
	p.err, p.read = err, true
	if err != nil || len(lines) == len(p.lines) && (len(lines) == 0 || &lines[0] == &p.lines[0]) {
		return
	}
	p.lines, p.bad = lines, nil
}

// trouble finds the lines that belong to reports, once.
func (p *consolePane) trouble() []bool {
	if p.bad == nil {
		p.bad = make([]bool, len(p.lines))
		for _, r := range klog.Parse(p.lines) {
			for i := range r.Lines {
				if n := r.Line + i; n < len(p.bad) {
					p.bad[n] = true
				}
			}
		}
	}
	return p.bad
}

func (p *consolePane) place() {
	words := filterWords(p.filter)
	first := -1 // the line on top, which stays there when a filter comes or goes
	if p.filter != p.placed && p.list.off < len(p.rows) {
		first = p.rows[p.list.off]
	}
	p.placed = p.filter
	p.rows = p.rows[:0]
	for i, line := range p.lines {
		if ops.HasWords(words, line) {
			p.rows = append(p.rows, i)
		}
	}
	p.list.n, p.list.h = len(p.rows), max(1, p.h)
	if !p.stay {
		p.list.off = p.list.n
	} else if first >= 0 {
		p.list.off, _ = slices.BinarySearch(p.rows, first)
	}
	p.list.off = max(0, min(p.list.off, p.list.n-p.list.h))
}

// Key scrolls; the end follows again.
func (p *consolePane) Key(a action) bool {
	if a == actFollow {
		p.stay = !p.stay
	} else if !p.list.view(a) {
		return false
	} else {
		p.stay = p.list.off < p.list.n-p.list.h
	}
	p.place()
	return true
}

// Title says whose log it is.
func (p *consolePane) Title(s *Snapshot, l *look) (left, right string) {
	left = "Console"
	if p.filter != "" {
		left = fmt.Sprintf("Console %d of %d /%s", len(p.rows), len(p.lines), clean(p.filter, l.ascii))
	}
	switch {
	case s.Debug != nil && strings.HasPrefix(s.Target, "sim"):
		right = "what the kernel would log"
	case p.stay:
		right = "staying; f follows"
	default:
		right = "the kernel's log"
	}
	return left, right
}

// ShortHelp has nothing besides the table.
func (p *consolePane) ShortHelp() []action { return nil }

// View draws the lines in sight; those of reports of trouble are marked.
func (p *consolePane) View(_ *Snapshot, l *look, _ bool) []string {
	switch {
	case p.err != nil && len(p.lines) == 0:
		var out []string
		for _, line := range wrap(clean(p.err.Error(), l.ascii), p.w-3, p.h) {
			out = append(out, "  "+l.on(roleWarn, line))
		}
		return out
	case !p.read:
		return []string{l.on(roleDim, "  reading the kernel's log")}
	case len(p.lines) == 0:
		return []string{l.on(roleDim, "  the kernel has logged nothing")}
	case len(p.rows) == 0:
		return []string{l.on(roleDim, "  nothing matches; Esc ends the filter")}
	}
	var out []string
	bad := p.trouble()
	from, to := p.list.span()
	for _, i := range p.rows[from:to] {
		mark, as := "  ", roleText
		if bad[i] {
			mark, as = l.broken+" ", roleBad
		}
		out = append(out, l.on(as, mark+clean(p.lines[i], l.ascii)))
	}
	return out
}

// readConsole reads the log of a target that does not bring it with its snapshots,
// while it is on the screen.
func (m *Model) readConsole() tea.Cmd {
	if m.feed == nil || m.snap.Debug != nil || m.snap.Down != nil || m.feed.logging || !m.layout.shows(paneConsole) {
		return nil
	}
	m.feed.logging = true
	ctx, epoch, target := m.feed.ctx, m.feed.epoch, m.feed.target
	return safe(func() tea.Msg {
		if err := target.Can(kernel.OpLog); err != nil {
			return consoleMsg{epoch: epoch, err: err}
		}
		c, cancel := context.WithTimeout(ctx, 10*poll)
		defer cancel()
		lines, err := target.Log(c, consoleLines)
		return consoleMsg{epoch, lines, err}
	})
}

func (m *Model) gotConsole(msg consoleMsg) {
	if m.current(msg.epoch) {
		m.feed.logging = false
		m.console.take(msg.lines, msg.err)
		m.console.place()
	}
}
