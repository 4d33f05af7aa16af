package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
)

// treeMsg is what the module tree says a module depends on.
type treeMsg struct {
	epoch  int
	module string
	direct []string
	warned []error // what is to be told of the tree
}

// maxTreeDeps bounds how many modules' dependencies are remembered.
const maxTreeDeps = 4096

// askTree asks the module tree about the selected module, by the verb deps,
// unless that is known, under way, or the target has no tree.
func (m *Model) askTree() tea.Cmd {
	name := m.modules.Selected()
	if m.feed == nil || m.verbs == nil || m.verbs["deps"] != nil || m.feed.treeing || name == "" || m.snap.Down != nil {
		return nil
	}
	if _, known := m.feed.tree[name]; known {
		return nil
	}
	m.feed.treeing = true
	ctx, epoch, s := m.feed.ctx, m.feed.epoch, m.session
	return safe(func() tea.Msg {
		msg := treeMsg{epoch: epoch, module: name}
		// A module that is not in the tree, such as one built by hand, has
		// nothing to add: its row says all there is.
		if result, err := s.Exec(ctx, []string{"deps", "--", name}); err == nil {
			if r, ok := result.(*ops.DepsResult); ok {
				msg.direct = r.Direct
			}
		}
		msg.warned = s.Warnings()
		return msg
	})
}

// gotTree keeps the answer and shows it.
func (m *Model) gotTree(msg treeMsg) {
	if len(msg.warned) > 0 {
		m.output.Add(&entry{line: "the module tree", news: true, warned: msg.warned})
	}
	if !m.current(msg.epoch) {
		return
	}
	m.feed.treeing = false
	if m.feed.tree == nil || len(m.feed.tree) >= maxTreeDeps {
		m.feed.tree = make(map[string][]string)
	}
	m.feed.tree[msg.module] = msg.direct
	m.sync()
}
