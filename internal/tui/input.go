package tui

import (
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"
)

// say puts a line at the foot until the next key.
func (m *Model) say(text string) tea.Cmd {
	m.notice, m.warning = text, false
	return nil
}

// complain is say for what is wrong.
func (m *Model) complain(text string) tea.Cmd {
	m.notice, m.warning = text, true
	return nil
}

// key passes a key to what has the keys: a question, the help, the prompt, or
// the table of keys.
func (m *Model) key(msg tea.KeyMsg) tea.Cmd {
	if msg.Type == tea.KeyRunes && len(msg.Runes) > 1 && !msg.Paste && m.prompt.kind == promptNone {
		return m.burst(msg)
	}
	m.notice = ""
	name := msg.String()
	if name == "ctrl+z" {
		m.onScreen(false)
		return tea.Suspend
	}
	switch {
	case m.asking:
		m.asking = false
		if name == "y" || name == "q" || name == "enter" {
			return tea.Quit
		}
		return nil
	case m.help != nil:
		return m.helpKey(name)
	case m.menu != nil:
		return m.menuKey(name)
	case m.beside != nil:
		return m.compareKey(name)
	case m.prompt.kind != promptNone:
		return m.promptKey(msg)
	}
	b, here := lookup(m.keys, key.NewBinding(key.WithKeys(name)), m.focus)
	switch {
	case here:
		return m.do(b.act)
	case b.debug && m.snap.Debug == nil:
		return m.say(m.whyNot(b.act))
	case b.act != actNone:
		return m.say(keyName(name) + " works in " + m.paneNames(whereOf(m.keys, name)) + "; Tab goes there")
	}
	return m.say(clean(name, m.look.ascii) + " does nothing here; ? shows the keys")
}

// burst takes letters that came in one read, as from a fast typist or a slow
// line: each is a key of its own, and after a : the rest belongs to the line.
func (m *Model) burst(msg tea.KeyMsg) tea.Cmd {
	var cmds []tea.Cmd
	for i, r := range msg.Runes {
		one := msg
		one.Runes = []rune{r}
		if m.prompt.kind != promptNone {
			one.Runes = msg.Runes[i:]
		}
		cmds = append(cmds, m.key(one))
		if len(one.Runes) > 1 {
			break
		}
	}
	return tea.Batch(cmds...)
}

// paneNames lists the panes of a scope as in a sentence.
func (m *Model) paneNames(s scope) string {
	var names []string
	for id, p := range m.panes {
		if s.has(paneID(id)) {
			names = append(names, p.Name())
		}
	}
	if n := len(names); n > 1 {
		return strings.Join(names[:n-1], ", ") + " and " + names[n-1]
	}
	return strings.Join(names, "")
}

// keyName is a key's name as the help writes it.
func keyName(name string) string {
	if len(name) > 1 && name[0] >= 'a' && name[0] <= 'z' {
		return strings.ToUpper(name[:1]) + name[1:]
	}
	if name == " " {
		return "Space"
	}
	return name
}
