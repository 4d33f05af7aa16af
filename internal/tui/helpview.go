package tui

import (
	"slices"
	"sort"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
)

// helpView is the help over the panes: the keys from their table, then the
// verbs from theirs.
type helpView struct {
	scroller
	lines []string
}

func (m *Model) openHelp() {
	m.help = &helpView{lines: helpLines(m.look, m.keys, m.panes, m.verbs, m.w)}
	m.help.set(len(m.help.lines), m.h-3)
	m.help.off = 0
}

// helpKey scrolls the help or closes it.
func (m *Model) helpKey(name string) tea.Cmd {
	switch name {
	case "esc", "?", "q", "enter":
		m.help = nil
		return nil
	case "ctrl+c":
		m.help = nil
		if m.job != nil {
			return m.do(actCancel)
		}
		return nil
	}
	for _, b := range m.keys {
		for _, k := range b.keys.Keys() {
			if k == name && m.help.view(b.act) {
				return nil
			}
		}
	}
	return m.say("Esc closes the help")
}

// helpLines writes the help for a width.
func helpLines(l *look, keys []binding, panes [panes]pane, why map[string]error, w int) []string {
	var out []string
	heading := func(s string) {
		if len(out) > 0 {
			out = append(out, "")
		}
		out = append(out, l.on(roleFocus, s))
	}
	entry := func(head, text string, n int) {
		if n+12 > w { // no room beside: below
			out = append(out, " "+l.on(roleKey, head))
			for _, line := range wrap(text, w-4, 0) {
				out = append(out, "   "+line)
			}
			return
		}
		for i, line := range wrap(text, w-n-3, 0) {
			if i > 0 {
				head = ""
			}
			out = append(out, " "+l.on(roleKey, fit(head, n, l.tail))+" "+line)
		}
	}
	for _, group := range []struct{ id, title string }{
		{"debug", "Threads that can be stepped"}, {"do", "Doing"}, {"show", "Showing"}, {"move", "Moving"}, {"more", "More"},
	} {
		heading(group.title)
		for i, b := range keys {
			if b.group != group.id || slices.ContainsFunc(keys[:i], b.alike) {
				continue
			}
			text := b.keys.Help().Desc
			where := b.where
			for _, o := range keys[i+1:] {
				if b.alike(o) {
					where |= o.where
				}
			}
			if b.where != 0 {
				var names []string
				for id, p := range panes {
					if where.has(paneID(id)) {
						names = append(names, p.Name())
					}
				}
				text += " (" + strings.Join(names, ", ") + ")"
			}
			entry(b.keys.Help().Key, text, 11)
		}
	}
	verbs := append([]*ops.Verb(nil), ops.Verbs()...)
	sort.SliceStable(verbs, func(i, j int) bool { return verbs[i].Group < verbs[j].Group })
	group := ""
	for _, v := range verbs {
		if v.Group != group || group == "" {
			group = v.Group
			heading("Verbs: " + group)
		}
		text := v.Short
		if err := why[v.Name]; err != nil {
			text += " - not now: " + clean(firstLine(err.Error()), l.ascii)
		}
		entry(strings.TrimSpace(v.Name+" "+v.Usage), text, min(34, w/2))
	}
	heading("Marks")
	g := l.glyphs
	entry(g.live+" live", "in use or ready", 11)
	entry(g.coming+" coming", "its init has not finished", 11)
	entry(g.going+" going", "being unloaded", 11)
	entry(g.unformed+" unformed", "on the kernel's list, but hidden", 11)
	entry(g.changed, "the state changed just now", 11)
	return out
}
