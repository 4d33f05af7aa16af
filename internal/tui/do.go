package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
)

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
