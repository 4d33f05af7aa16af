package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/bubbles/key"
	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
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
		return m.say(b.keys.Help().Key + " works in " + m.paneNames(b.where) + "; Tab goes there")
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

func (m *Model) paneNames(s scope) string {
	var names []string
	for id, p := range m.panes {
		if s.has(paneID(id)) {
			names = append(names, p.Name())
		}
	}
	return strings.Join(names, " and ")
}

// why says why an action cannot work now, "" when it can.
func (m *Model) why(a action) string {
	switch a {
	case actStep, actStage, actContinue, actRelease, actStepBack, actStepForth, actStart, actEnd, actGoHere, actBreak, actFaults, actFork, actCompare:
		return m.whyNot(a)
	case actLeft, actRight, actPageLeft, actPageRight, actFirstColumn, actLastColumn:
		if len(m.lanes.lives().moves) == 0 {
			return "nothing has happened yet to look at"
		}
	case actLoad, actUnload, actInfo:
		verb := map[action]string{actLoad: "load", actUnload: "unload", actInfo: "info"}[a]
		switch {
		case m.feed == nil:
			return verb + " needs a target, and there is none yet"
		case m.snap.Down != nil:
			return m.snap.Target + " is down; : target " + m.snap.Target + " opens it again"
		case m.verbs[verb] != nil:
			return firstLine(m.verbs[verb].Error())
		case m.job != nil:
			return m.job.line + " is running; Ctrl-C cancels it"
		case a != actLoad && m.modules.Selected() == "":
			return verb + " needs a module, and none is selected"
		}
	case actGo:
		name := m.deps.Selected()
		if name == "" {
			return "this line is no module"
		}
	case actCancel:
		if m.job == nil {
			return "nothing is running; q quits"
		}
	case actBack:
		if !m.zoomed && m.filter() == "" && !m.moment() {
			return "nothing to go back from; q quits"
		}
	case actFilter:
		if len(m.modules.rows) == 0 && m.focus == paneModules && m.modules.filter == "" {
			return "there is nothing to filter yet"
		}
	case actFindNext, actFindPrev:
		if m.sought == "" {
			return `nothing was looked for yet; \ does`
		}
	}
	return ""
}

// filterText is the filter of the pane that has the keys, nil when it has none.
func (m *Model) filterText() *string {
	switch m.focus {
	case paneModules:
		return &m.modules.filter
	case paneEvents:
		return &m.events.filter
	case paneThreads:
		return &m.threads.filter
	case paneLanes:
		return &m.lanes.filter
	case paneConsole:
		return &m.console.filter
	}
	return nil
}

// filter returns the filter of the pane that has the keys.
func (m *Model) filter() string {
	if f := m.filterText(); f != nil {
		return *f
	}
	return ""
}

func (m *Model) setFilter(text string) {
	if f := m.filterText(); f != nil {
		*f = text
	}
	m.sync()
}

// do does an action, or says why not.
func (m *Model) do(a action) tea.Cmd {
	if a >= actChoose && a < actChoose+chosen {
		return m.choose(int(a - actChoose))
	}
	if why := m.why(a); why != "" {
		return m.say(why)
	}
	switch a {
	case actStep, actStage, actContinue, actRelease, actStepBack, actStepForth, actStart, actEnd:
		return m.moveThreads(a)
	case actGoHere:
		return m.goHere()
	case actBreak:
		return m.breakHere()
	case actFork:
		return m.runMove("fork")
	case actCompare:
		return m.compare()
	case actFaults:
		m.menu = newFaultMenu(m)
	case actMouse:
		return m.toggleMouse()
	case actCommand:
		m.prompt.open(promptCommand, "")
	case actLoad:
		m.prompt.open(promptCommand, "load ")
	case actUnload:
		m.prompt.open(promptCommand, "unload "+ops.Quote(m.modules.Selected()))
	case actInfo:
		return m.run("info " + ops.Quote(m.modules.Selected()))
	case actFilter:
		m.prompt.open(promptFilter, m.filter())
	case actFind:
		m.prompt.open(promptFind, "")
	case actFindNext:
		return m.find(1, 1)
	case actFindPrev:
		return m.find(-1, 1)
	case actGo:
		if name := m.deps.Selected(); !m.modules.Select(name) {
			return m.say(clean(name, m.look.ascii) + " is not in the table; a filter may hide it")
		}
		m.deps.Show(m.modules.Selected())
		m.deps.Sync(&m.snap)
	case actNext:
		m.move(1)
	case actPrev:
		m.move(-1)
	case actZoom:
		m.zoomed = !m.zoomed
		m.resize()
	case actHelp:
		m.openHelp()
	case actCancel:
		m.job.cancelled = true
		m.job.cancel()
		return m.say("cancelling " + m.job.line)
	case actBack:
		if m.moment() {
			m.lanes.look = false
		} else if m.filter() != "" {
			m.setFilter("")
		} else {
			m.zoomed = false
			m.resize()
		}
	case actQuit:
		if m.job != nil {
			m.asking = true
			return nil
		}
		return tea.Quit
	default:
		m.panes[m.focus].Key(a)
		m.sync()
	}
	return nil
}

// ring is the panes that can have the keys, in the order of Tab.
func (m *Model) ring() []paneID {
	if m.snap.Debug != nil {
		return []paneID{paneThreads, paneLanes, paneModules, paneDeps, paneEvents, paneOutput, paneConsole}
	}
	return []paneID{paneModules, paneDeps, paneEvents, paneLanes, paneOutput, paneConsole}
}

// move gives the keys to the next pane, d panes on.
func (m *Model) move(d int) {
	ring := m.ring()
	m.focus = ring[(slices.Index(ring, m.focus)+d+len(ring))%len(ring)]
	if slices.Contains(sharing, m.focus) {
		m.bottom = m.focus
	}
	m.resize()
}

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
