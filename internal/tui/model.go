package tui

import (
	"context"

	tea "github.com/charmbracelet/bubbletea"

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
	case tea.ResumeMsg:
		m.onScreen(true)
		if !m.noMouse { // which was left with the screen, and comes back by nobody else's doing
			cmd = tea.EnableMouseCellMotion
		}
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
