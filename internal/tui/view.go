package tui

import (
	"slices"
	"strconv"
	"strings"
)

// resize gives every pane its room. What does not show keeps the size it had.
func (m *Model) resize() {
	if m.w < 1 || m.h < 1 {
		return
	}
	m.layout = arrange(m.w, m.body(), m.focus, m.bottom, m.zoomed, m.snap.Debug != nil)
	m.events.inline = !m.layout.shows(paneExplain)
	m.threads.inline = !m.layout.shows(paneExplain)
	for _, b := range m.layout.bands {
		for _, p := range b {
			m.panes[p.id].SetSize(p.w, max(0, p.h-1))
		}
	}
	if m.output.w == 0 {
		m.output.SetSize(m.w, max(0, m.body()-1))
	}
	if m.help != nil {
		off := m.help.off
		m.openHelp()
		m.help.off = max(0, min(off, m.help.n-m.help.h))
	}
	m.sync()
}

// body is the number of lines between header and footer.
func (m *Model) body() int {
	n := m.h - 2
	if m.snap.Down != nil && m.h >= 8 {
		n-- // the line that says why
	}
	if m.guide() != "" && n > 1 {
		n--
	}
	return max(1, n)
}

// View draws the screen: exactly h lines of w cells.
func (m *Model) View() string {
	if m.w < 1 || m.h < 1 {
		return ""
	}
	l := m.look
	if m.h == 1 {
		return m.footer()
	}
	lines := []string{m.header()}
	if m.snap.Down != nil && m.h >= 8 {
		lines = append(lines, fit(" "+l.on(roleBad, clean(firstLine(m.snap.Down.Error()), l.ascii)), m.w, l.tail))
	}
	if text := m.guide(); text != "" {
		lines = append(lines, fit(" "+l.on(roleWarn, text), m.w, l.tail))
	}
	n := m.body()
	if m.h == 2 {
		n = 0
	}
	var body []string
	switch {
	case m.help != nil:
		body = m.helpBody(n)
	case m.beside != nil:
		body = m.beside.body(l, m.w, n)
	case m.menu != nil:
		body = m.menu.body(l, m.w, n)
	case m.snap.Target == "":
		body = m.openingBody(n)
	default:
		body = m.panesBody()
	}
	body = block(body, m.w, n, l)
	if pop := m.prompt.popup(l, m.w, min(8, n-1)); len(pop) > 0 {
		at := n - len(pop) - 1
		if at >= 0 {
			body[at] = titleLine(l, m.w, "Candidates", "Tab goes through them, Esc closes", true)
		}
		copy(body[n-len(pop):], pop)
	}
	lines = append(lines, body...)
	lines = append(lines, m.footer())
	return strings.Join(lines, "\n")
}

// panesBody draws the bands of panes.
func (m *Model) panesBody() []string {
	l := m.look
	var out []string
	for _, b := range m.layout.bands {
		columns := make([][]string, len(b))
		for i, p := range b {
			columns[i] = m.pane(p)
		}
		for y := range b[0].h {
			var line strings.Builder
			for i := range columns {
				if i > 0 {
					sep := l.vertical
					if y == 0 {
						sep = l.tee
					}
					line.WriteString(l.on(roleRule, sep))
				}
				line.WriteString(columns[i][y])
			}
			out = append(out, line.String())
		}
	}
	return out
}

// pane draws one pane with its title line.
func (m *Model) pane(p placed) []string {
	focus := p.id == m.focus
	left, right := m.title(p)
	lines := []string{titleLine(m.look, p.w, left, right, focus)}
	return append(lines, block(m.panes[p.id].View(&m.snap, m.look, focus), p.w, p.h-1, m.look)...)
}

// title is what a pane's title line says, with the names of those that share
// its place.
func (m *Model) title(p placed) (left, right string) {
	left, right = m.panes[p.id].Title(&m.snap, m.look)
	switch {
	case m.layout.one && !m.zoomed && p.id != paneExplain:
		left += "  " + m.others(m.ring()...)
	case m.layout.heads && slices.Contains(heads, p.id):
		left += "  " + m.others(m.ring()[:slices.Index(m.ring(), paneDeps)+1]...)
	case m.snap.Debug != nil && p.id == paneModules && !m.zoomed:
		left += "  " + m.others(paneDeps)
	case m.layout.tabs && slices.Contains(sharing, p.id) && p.id == m.lowest():
		tabs := "  " + m.others(sharing...)
		if short, _, _ := strings.Cut(right, ";"); width(left)+width(tabs)+width(short)+8 > p.w && right != "" {
			tabs = "  [+" + strconv.Itoa(len(sharing)-1) + "]" // Tab goes there all the same
		}
		left += tabs
	}
	return strings.TrimRight(left, " "), right
}

// lowest is the pane in the place that several share.
func (m *Model) lowest() paneID {
	for _, b := range slices.Backward(m.layout.bands) {
		for _, p := range b {
			if slices.Contains(sharing, p.id) {
				return p.id
			}
		}
	}
	return panes
}

// others names the panes that share a place with the one that shows.
func (m *Model) others(ids ...paneID) string {
	var names []string
	for _, id := range ids {
		if !m.layout.shows(id) {
			names = append(names, m.panes[id].Name())
		}
	}
	if len(names) == 0 {
		return ""
	}
	return "[" + strings.Join(names, "] [") + "]"
}

func (m *Model) helpBody(n int) []string {
	m2 := *m.help
	m2.set(len(m2.lines), n-1)
	off := max(0, min(m.help.off, len(m2.lines)-(n-1)))
	to := min(len(m2.lines), off+max(0, n-1))
	right := ""
	if len(m2.lines) > n-1 {
		right = "Up Down PgUp PgDn"
	}
	return append([]string{titleLine(m.look, m.w, "Help", right, true)}, m2.lines[off:to]...)
}

// openingBody is drawn until there is a target: the stages of opening it, or
// why it could not be opened.
func (m *Model) openingBody(n int) []string {
	l := m.look
	title := "No target"
	if m.opt.Target != "" {
		title = "Opening " + clean(m.opt.Target, l.ascii)
	}
	if m.failed != nil {
		title = "Could not open " + clean(m.opt.Target, l.ascii)
	}
	out := []string{titleLine(l, m.w, title, "", true)}
	stages := m.stages
	if room := n - 3; len(stages) > room && room > 0 {
		stages = stages[len(stages)-room:]
	}
	for i, s := range stages {
		text := l.on(roleGood, l.done) + " " + clean(s.Name, l.ascii)
		if i == len(stages)-1 {
			mark := l.on(roleWarn, l.busy)
			if m.failed != nil {
				mark = l.on(roleBad, l.broken)
			}
			text = mark + " " + stageText(l, s, max(4, min(30, m.w/3)))
		}
		out = append(out, " "+text)
	}
	switch {
	case m.failed != nil:
		out = append(out, "")
		var text []string
		for _, line := range strings.Split(m.failed.Error(), "\n") {
			text = append(text, wrap(clean(line, l.ascii), m.w-2, 0)...)
		}
		if room := n - len(out) - 2; len(text) > room && room > 1 {
			text = append(text[:1:1], text[len(text)-room+1:]...) // what failed, and the last of the console
		}
		for i, line := range text {
			as := roleText
			if i == 0 {
				as = roleBad
			}
			out = append(out, " "+l.on(as, line))
		}
		if len(m.output.entries) == 0 {
			out = append(out, "", " "+l.on(roleDim, "type : target NAME for another one; q quits"))
		}
	case m.job != nil && m.job.opening:
		out = append(out, "", " "+l.on(roleKey, "Ctrl-C")+l.on(roleDim, " cancels"))
	case m.job == nil:
		out = append(out, " "+l.on(roleDim, "type : target NAME to open one; q quits"))
	}
	if room := n - len(out) - 1; len(m.output.entries) > 0 && room > 0 { // verbs can be run already
		left, right := m.output.Title(&m.snap, l)
		out = append(out, titleLine(l, m.w, left, right, false))
		text := m.output.View(&m.snap, l, false)
		out = append(out, text[:min(len(text), room)]...)
	}
	return out
}
