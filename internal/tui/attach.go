package tui

import (
	"context"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
)

// target returns the target the screen looks at, nil when there is none.
func (m *Model) target() kernel.Target {
	if m.feed == nil {
		return nil
	}
	return m.feed.target
}

func (m *Model) current(epoch int) bool { return m.feed != nil && m.feed.epoch == epoch }

// attach begins to look at another target; nil is none.
func (m *Model) attach(t kernel.Target) tea.Cmd {
	epoch := 1
	if m.feed != nil {
		m.feed.cancel()
		epoch = m.feed.epoch + 1
	}
	m.failed, m.verbs, m.snap = nil, nil, Snapshot{}
	m.console.lines, m.console.read, m.console.err = nil, false, nil
	if t == nil {
		m.feed = nil
		m.sync()
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	m.feed = &feed{target: t, epoch: epoch, ctx: ctx, cancel: cancel}
	if log := t.Events(); log != nil {
		m.feed.cuts = log.Cuts()
	}
	m.snap.Target = t.Name()
	m.events.stay, m.events.seq = false, 0
	news := m.feed.nextEvents(0, 0)
	if m.feed.debugger() != nil {
		m.snap.Debug = &kernel.Snapshot{Target: t.Name()}
		m.focus, m.bottom = paneThreads, paneLanes
		news = m.feed.changes(0, m.feed.cuts)
	} else if m.focus == paneThreads {
		m.focus = paneModules
	}
	m.resize()
	m.sync()
	return tea.Batch(m.list(), m.feed.info(), news, m.feed.tick(), m.available())
}

// refresh reads the module list soon.
func (m *Model) refresh() tea.Cmd {
	if m.feed == nil || m.snap.Down != nil {
		return nil
	}
	return m.list()
}

// list asks for the module list, or the snapshot of a debuggable target.
func (m *Model) list() tea.Cmd { return m.feed.list(m.snap.Seq, m.session.Moved) }

// show makes s the snapshot on the screen.
func (m *Model) show(s Snapshot) {
	m.snap = s
	m.sync()
}

// sync lets every pane follow the snapshot.
func (m *Model) sync() {
	m.lanes.breaks = m.session.Breakpoints()
	m.modules.Sync(&m.snap)
	m.deps.Show(m.modules.Selected())
	m.deps.needs = nil
	if m.feed != nil {
		m.deps.needs = m.feed.tree[m.deps.module]
	}
	for id, p := range m.panes {
		if paneID(id) != paneModules {
			p.Sync(&m.snap)
		}
	}
	if t := m.threads.Selected(); t != nil {
		m.lanes.Select(t.ID)
	}
}

// gotEvents folds events and asks for the next; what they change in the list is
// read from the target.
func (m *Model) gotEvents(msg eventsMsg) tea.Cmd {
	if !m.current(msg.epoch) || m.snap.Debug != nil {
		return nil
	}
	if msg.cut { // begin again with what there is now
		return m.attach(m.feed.target)
	}
	if msg.closed { // the target has ended: the list says why
		return m.refresh()
	}
	m.show(m.snap.WithEvents(msg.events))
	cmds := []tea.Cmd{m.feed.nextEvents(m.snap.Seq, frame)}
	for i := range msg.events {
		if msg.events[i].Module != "" {
			return tea.Batch(append(cmds, m.refresh())...)
		}
	}
	return cmds[0]
}

func (m *Model) gotList(msg listMsg) tea.Cmd {
	if !m.current(msg.epoch) {
		return nil
	}
	m.feed.listing, m.feed.silent = false, 0
	s := m.snap
	switch {
	case msg.debug != nil && m.snap.Debug == nil:
		return m.attach(m.feed.target) // its debugging has begun meanwhile
	case msg.debug != nil:
		m.gotLook(*msg.debug)
		s = m.snap
	case msg.down != nil:
		m.died(msg.down)
		return nil
	case msg.err != nil:
		s.Problem = msg.err
	default:
		s = s.WithModules(msg.list, msg.asOf)
	}
	m.show(s)
	if m.feed.again && s.Down == nil {
		return m.list()
	}
	return nil
}

// died keeps the last state on the screen and says why there is no newer one.
func (m *Model) died(why error) {
	if m.snap.Down != nil || m.feed != nil && m.session.Target() != m.feed.target {
		return // known, or closed by the verb that put another in its place
	}
	m.snap.Down = why
	m.show(m.snap)
	m.finish(&entry{line: m.snap.Target + " went down", news: true, err: why})
}

func (m *Model) gotInfo(msg infoMsg) {
	if !m.current(msg.epoch) {
		return
	}
	m.feed.asking = false
	if msg.err != nil {
		return
	}
	if missing := fact(&msg.info, "missing"); missing != "" && m.snap.Info == nil {
		short, _, _ := strings.Cut(missing, ";")
		m.complain("this trace is not whole: " + short + "; : info says more")
	}
	m.snap.Info = &msg.info
}

// gotPoll looks at the target although no event asked for it.
func (m *Model) gotPoll(msg pollMsg) tea.Cmd {
	if !m.current(msg.epoch) || m.snap.Down != nil {
		return nil
	}
	cmds := []tea.Cmd{m.feed.tick(), m.feed.info(), m.readConsole()}
	if m.feed.listing {
		m.feed.silent++
	} else {
		cmds = append(cmds, m.list())
	}
	return tea.Batch(cmds...)
}
