package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// promptKey edits, completes and ends the line at the foot.
func (m *Model) promptKey(msg tea.KeyMsg) tea.Cmd {
	p := &m.prompt
	name := msg.String()
	command := p.kind == promptCommand
	switch {
	case name == "esc" && len(p.candidates) > 0:
		p.forget()
	case name == "esc":
		if p.kind == promptFilter {
			m.setFilter("")
		}
		p.close()
	case name == "ctrl+c":
		p.close()
		if m.job != nil {
			return m.do(actCancel)
		}
	case name == "enter" && p.kind == promptFind:
		if words := strings.TrimSpace(p.String()); words != "" {
			m.sought = words
		}
		p.close()
		if m.sought != "" {
			return m.find(1, 0)
		}
	case name == "enter" && !command:
		p.close()
	case name == "enter":
		return m.enter()
	case name == "tab" && command:
		if len(p.candidates) > 0 {
			p.cycle(1)
			return nil
		}
		return m.complete()
	case name == "shift+tab" && command && len(p.candidates) > 0:
		p.cycle(-1)
	case (name == "up" || name == "ctrl+p") && command:
		p.walk(-1)
	case (name == "down" || name == "ctrl+n") && command:
		p.walk(1)
	case name == "backspace" && len(p.text) == 0:
		p.close()
	case name == ":" && command && len(p.text) == 0:
		// Typed once more, by habit: no verb begins so.
	case p.key(name):
		m.typed()
	case (msg.Type == tea.KeyRunes || msg.Type == tea.KeySpace) && !msg.Alt:
		p.insert(msg.Runes)
		m.typed()
	}
	return nil
}

// typed follows a change of the line: a filter works at once.
func (m *Model) typed() {
	m.prompt.forget()
	if m.prompt.kind == promptFilter {
		m.setFilter(m.prompt.String())
	}
}

// enter runs the line. While another verb runs the line stays, so that nothing
// typed is lost.
func (m *Model) enter() tea.Cmd {
	line := strings.TrimSpace(m.prompt.String())
	if m.job != nil && line != "" {
		return m.complain(m.job.line + " is still running; Ctrl-C cancels it, then Enter runs this")
	}
	if m.prompt.remember(line) && m.opt.Remember != nil {
		m.opt.Remember(line)
	}
	m.prompt.close()
	return m.run(line)
}
