package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// Model is the one Bubble Tea model: it holds the snapshot, the panes and what
// is under way, and passes messages to the part they are for.
type Model struct {
	ctx     context.Context
	session *ops.Session
	opt     Options
	look    *look
	keys    []binding

	snap   Snapshot
	feed   *feed            // nil until there is a target
	verbs  map[string]error // why a verb cannot be done now
	failed error            // why the first target could not be opened

	modules *modulesPane
	deps    *depsPane
	threads *threadsPane
	lanes   *lanesPane
	events  *eventsPane
	output  *outputPane
	console *consolePane
	panes   [panes]pane

	w, h   int
	layout layout
	focus  paneID
	bottom paneID // which of those that share a place shows
	zoomed bool

	prompt  prompt
	help    *helpView    // nil while closed
	menu    *menu        // nil while closed
	beside  *compareView // nil while closed
	drag    *place       // where the mouse went down, while it is
	noMouse bool         // the mouse is left to the terminal
	asking  bool         // "quit?" is on the screen
	sought  string       // the words last looked for
	notice  string       // one line to the person, until the next key
	warning bool         // the notice is about something wrong

	job      *job
	jobs     int      // number of the last job
	lines    []string // to be run one after the other
	wanted   []action // keys typed while a move was under way
	race     bool     // the race was set up: a line says what to press
	setting  bool     // and is being set up
	start    int      // position where nobody has moved
	stages   []Stage
	progress *mailbox
	work     *work
	panic    error
}

// New returns a model over a session.
func New(ctx context.Context, s *ops.Session, opt Options) *Model {
	opt.resolve()
	m := &Model{
		ctx: ctx, session: s, opt: opt, keys: keymap(), progress: newMailbox(), work: &work{},
		look: newLook(opt.Color, opt.Light, opt.ASCII), bottom: paneEvents,
	}
	m.prompt.history = append([]string(nil), opt.History...)
	m.prompt.pick = -1
	m.modules, m.deps = &modulesPane{}, &depsPane{ascii: m.look.ascii}
	m.threads = &threadsPane{}
	m.lanes = &lanesPane{chosen: func(id string) { m.threads.Select(id) }}
	m.events, m.output = &eventsPane{}, &outputPane{look: m.look}
	m.console = &consolePane{}
	m.panes = [panes]pane{
		paneModules: m.modules, paneDeps: m.deps, paneThreads: m.threads, paneLanes: m.lanes, paneEvents: m.events, paneOutput: m.output, paneConsole: m.console,
		paneExplain: &explainPane{event: m.events.Selected, thread: m.explained, moment: m.lookedAt, lives: m.lanes.lives},
	}
	return m
}

// Init begins to look at the target, or to open it.
func (m *Model) Init() tea.Cmd {
	cmds := []tea.Cmd{m.progress.news(m.ctx)}
	if t := m.session.Target(); t != nil {
		cmds = append(cmds, m.attach(t))
	} else if m.opt.Target != "" {
		cmds = append(cmds, m.open(m.opt.Target))
	}
	return tea.Batch(cmds...)
}

// Update takes one message.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.sized(msg.Width, msg.Height)
	case tea.KeyMsg:
		cmd = m.key(msg)
	case tea.MouseMsg:
		cmd = m.mouse(msg)
	case eventsMsg:
		cmd = m.gotEvents(msg)
	case changedMsg:
		cmd = m.gotChanged(msg)
	case listMsg:
		cmd = m.gotList(msg)
	case infoMsg:
		m.gotInfo(msg)
	case pollMsg:
		cmd = m.gotPoll(msg)
	case verbsMsg:
		if m.current(msg.epoch) {
			m.verbs = msg.why
		}
	case progressMsg:
		if m.job != nil {
			m.stages = msg.stages
		}
		cmd = m.progress.news(m.ctx)
	case doneMsg:
		cmd = m.done(msg)
	case openedMsg:
		cmd = m.opened(msg)
	case candidatesMsg:
		p := &m.prompt
		if p.kind == promptCommand && p.String() == msg.line && p.bytePos() == msg.pos {
			p.offer(msg.start, msg.list)
		}
	case treeMsg:
		m.gotTree(msg)
	case compareMsg:
		m.gotCompare(msg)
	case consoleMsg:
		m.gotConsole(msg)
	case panicMsg:
		m.panic = msg.err
		return m, tea.Quit
	}
	return m, tea.Batch(cmd, m.askTree())
}

// sized follows a new size of the terminal. One of no cells, which serial lines
// and some containers report, changes nothing; at first it means 80x24.
func (m *Model) sized(w, h int) {
	if w < 1 || h < 1 {
		if m.w > 0 {
			return
		}
		w, h = 80, 24
	}
	m.w, m.h = w, h
	m.resize()
}

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
	if m.snap.Down != nil {
		return
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
	if msg.err == nil {
		m.snap.Info = &msg.info
	}
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
