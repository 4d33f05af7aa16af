package tui

import (
	"context"
	"errors"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/wording"
)

// Messages from verbs.
type (
	doneMsg struct {
		job    int
		result ops.Result
		err    error
		warned []error    // what is to be told besides
		look   *debugLook // what it led to, where threads can be stepped
	}
	openedMsg struct {
		job    int
		target kernel.Target
		err    error
	}
	candidatesMsg struct {
		line  string
		pos   int
		start int
		list  []ops.Candidate
	}
	verbsMsg struct {
		epoch int
		why   map[string]error
	}
)

// job is the one long thing under way: a verb, or opening a target.
type job struct {
	id        int
	line      string
	opening   bool
	begin     uint64 // sequence number when it began
	cancel    context.CancelFunc
	cancelled bool
	move      bool // asked for by a key that moves threads or goes back
}

// begin starts a job; there is only ever one.
func (m *Model) begin(line string, opening bool) context.Context {
	ctx, cancel := context.WithCancel(m.ctx)
	m.jobs++
	m.progress.reset()
	m.stages = nil
	m.job = &job{id: m.jobs, line: line, opening: opening, begin: m.lastEvent(), cancel: cancel}
	return ctx
}

// run runs a line typed by the person.
func (m *Model) run(line string) tea.Cmd {
	line = strings.TrimSpace(line)
	if line == "" {
		return nil
	}
	if m.job != nil {
		return m.say(m.job.line + " is running; Ctrl-C cancels it")
	}
	line = m.session.TourLine(line) // during a lesson a letter is an answer
	words, err := ops.Split(line)
	if err != nil {
		m.finish(&entry{line: line, err: err})
		return nil
	}
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.Text
	}
	ctx, s, id, feed := m.begin(line, false), m.session, m.jobs, m.feed
	return m.guard(func() tea.Msg {
		result, err := s.Exec(ctx, text)
		msg := doneMsg{job: id, result: result, err: err, warned: s.Warnings()}
		if feed != nil && s.Target() == feed.target {
			msg.look = feed.takeLook(s.Moved)
		}
		return msg
	})
}

// open opens the target the program was started with.
func (m *Model) open(name string) tea.Cmd {
	ctx, s, id := m.begin("open "+name, true), m.session, m.jobs
	report := m.progress.report
	return m.guard(func() tea.Msg {
		if s.OpenTarget == nil {
			return openedMsg{job: id, err: errors.New("this program opens no targets")}
		}
		t, err := s.OpenTarget(ctx, name, report)
		if err != nil {
			return openedMsg{job: id, err: err} // a nil pointer would be a target
		}
		// Whatever the screen does now, the session owns the target, and whoever
		// made the session closes it.
		if old := s.SetTarget(t); old != nil {
			err = old.Close()
		}
		return openedMsg{id, t, err}
	})
}

// guard is safe for work that must be waited for when the screen ends.
func (m *Model) guard(f func() tea.Msg) tea.Cmd {
	return safe(func() tea.Msg {
		if !m.work.start() {
			return nil
		}
		defer m.work.done()
		return f()
	})
}

// complete asks for the candidates at the cursor; it may read files, so it is
// not done here.
func (m *Model) complete() tea.Cmd {
	p := &m.prompt
	if p.asking {
		return nil
	}
	p.asking = true
	s, line, pos := m.session, p.String(), p.bytePos()
	return safe(func() tea.Msg {
		start, list := s.Complete(line, pos)
		return candidatesMsg{line, pos, start, list}
	})
}

// available asks which verbs the target can do, for the keys that use them.
func (m *Model) available() tea.Cmd {
	s, epoch := m.session, m.feed.epoch
	return safe(func() tea.Msg {
		why := make(map[string]error)
		for _, v := range ops.Verbs() {
			if err := s.Available(v); err != nil {
				why[v.Name] = err
			}
		}
		return verbsMsg{epoch, why}
	})
}

// done takes what a verb answered.
func (m *Model) done(msg doneMsg) tea.Cmd {
	if m.job == nil || m.job.id != msg.job {
		return nil
	}
	j := m.job
	j.cancel()
	m.job, m.stages = nil, nil
	if errors.Is(msg.err, ops.ErrQuit) {
		return tea.Quit
	}
	if j.cancelled && errors.Is(msg.err, context.Canceled) {
		msg.err = byCtrlC{msg.err}
	}
	e := &entry{line: j.line, result: msg.result, err: msg.err, warned: msg.warned}
	if j.move {
		m.output.Add(e)
	} else {
		m.finish(e)
	}
	var began tea.Cmd
	if msg.look != nil && m.snap.Debug == nil {
		began = m.attach(m.feed.target) // the first of its debugging
	} else if msg.look != nil {
		m.gotLook(*msg.look)
	}
	switch {
	case msg.err == nil && headline(msg.result) != "":
		m.say(headline(msg.result))
	case msg.err == nil && j.steps(m.lastEvent()) == wording.Count(0, "event"):
		m.say(j.line + ": done")
	case msg.err == nil:
		m.say(j.line + ": done, " + j.steps(m.lastEvent()))
	case j.cancelled && gaveUp(msg.err):
		m.say(j.line + ": cancelled")
	default:
		m.complain(j.line + ": " + firstLine(msg.err.Error()))
	}
	if t := m.session.Target(); t != m.target() {
		m.lines, m.wanted = nil, nil
		m.race = m.race && t != nil && t.Name() == m.snap.Target // another future of it has the same past
		attached := m.attach(t)
		if _, lesson := msg.result.(*ops.TourResult); lesson {
			m.showOutput() // what is to be read, on the target that it has opened
		}
		return attached
	}
	if msg.err != nil {
		m.lines, m.wanted = nil, nil
	}
	if cmd := m.nextLine(); cmd != nil {
		return tea.Batch(began, cmd)
	}
	if msg.look != nil {
		return began
	}
	return m.refresh()
}

// byCtrlC is the error of a verb that a person has cancelled: how it gave up tells
// nobody anything.
type byCtrlC struct{ error }

func (byCtrlC) Error() string   { return "cancelled by Ctrl-C" }
func (e byCtrlC) Unwrap() error { return e.error }

// gaveUp says of the error of a verb that was cancelled whether it may come from
// that: Ctrl-C can be too late for one that was mistyped, or was refused.
func gaveUp(err error) bool {
	if errors.Is(err, context.Canceled) {
		return true
	}
	switch r := ops.ReportError(err); r.Kind {
	case "usage", "not-found", "not-loaded":
		return false
	case "module":
		return r.Errno == "" || r.Errno == "EINTR"
	}
	return true
}

// finish shows an entry in the output pane.
func (m *Model) finish(e *entry) {
	m.output.Add(e)
	m.showOutput()
}

// showOutput brings the output pane in front when it shares its place.
func (m *Model) showOutput() {
	m.bottom = paneOutput
	if m.layout.one && !m.zoomed && !m.setting || slices.Contains(sharing, m.focus) && m.layout.tabs {
		m.focus = paneOutput
	}
	m.resize()
}

// opened takes the target the program was started with, or why there is none.
func (m *Model) opened(msg openedMsg) tea.Cmd {
	if m.job == nil || m.job.id != msg.job {
		return nil
	}
	j := m.job
	j.cancel()
	m.job = nil
	if msg.target == nil {
		m.failed = msg.err
		if j.cancelled {
			m.failed = byCtrlC{msg.err}
		}
		return nil
	}
	m.stages = nil
	if j.cancelled {
		m.say(j.line + ": done before it could be cancelled")
	}
	return tea.Batch(m.attach(msg.target), m.setUpRace())
}

// lastEvent is the number of the target's last event, seen here or not yet.
func (m *Model) lastEvent() uint64 {
	if t := m.target(); t != nil && t.Events() != nil {
		return t.Events().Last()
	}
	return 0
}

// steps says how much happened in the target since a job began, up to an event.
func (j *job) steps(last uint64) string {
	if last < j.begin {
		return wording.Count(0, "event")
	}
	return wording.Count(last-j.begin, "event")
}
