package tui

import (
	"strings"

	tea "github.com/charmbracelet/bubbletea"
)

// clicked is implemented by panes in which a place can be pointed at; x and y
// count from the first cell below the title.
type clicked interface {
	// Click puts the cursor there; drag says that the button was down before.
	Click(x, y int, drag bool)
}

// place is where a pane stands on the screen; y is that of its title line.
type place struct {
	placed
	x, y int
}

// at returns the pane at a cell of the screen.
func (m *Model) at(x, y int) (place, bool) {
	top := m.h - 1 - m.body()
	for _, b := range m.layout.bands {
		left := 0
		for _, p := range b {
			if y >= top && y < top+p.h && x >= left && x < left+p.w {
				return place{p, left, top}, true
			}
			left += p.w + 1
		}
		top += b[0].h
	}
	return place{}, false
}

// wheelLines is how many lines a notch of the wheel moves.
const wheelLines = 3

// mouse does what the mouse points at; keys can do all of it.
func (m *Model) mouse(msg tea.MouseMsg) tea.Cmd {
	if m.help != nil || m.menu != nil || m.beside != nil || m.asking || m.prompt.kind != promptNone || m.snap.Target == "" {
		return m.mouseAbove(msg)
	}
	p, ok := m.at(msg.X, msg.Y)
	if m.drag != nil { // a drag belongs to where it began
		p, ok = *m.drag, true
	}
	if !ok {
		return nil
	}
	switch msg.Button {
	case tea.MouseButtonWheelUp, tea.MouseButtonWheelDown, tea.MouseButtonWheelLeft, tea.MouseButtonWheelRight:
		a := map[tea.MouseButton]action{
			tea.MouseButtonWheelUp: actUp, tea.MouseButtonWheelDown: actDown, tea.MouseButtonWheelLeft: actLeft, tea.MouseButtonWheelRight: actRight,
		}[msg.Button]
		for range wheelLines {
			m.panes[p.id].Key(a)
		}
		m.sync()
		return nil
	}
	switch {
	case msg.Action == tea.MouseActionPress && msg.Button == tea.MouseButtonLeft && msg.Y == p.y:
		m.notice = ""
		return m.clickTitle(p, msg.X-p.x)
	case msg.Action == tea.MouseActionPress && msg.Button == tea.MouseButtonLeft:
		m.notice = ""
		if p.id != paneExplain {
			m.focusOn(p.id)
		}
		m.drag = &p
		m.point(p, msg, false)
	case msg.Action == tea.MouseActionMotion && m.drag != nil:
		m.point(p, msg, true)
	case msg.Action == tea.MouseActionRelease && m.drag != nil:
		m.drag = nil
		if p.id == paneLanes && m.lanes.scrubbed {
			m.lanes.scrubbed = false
			if m.moment() && m.why(actGoHere) == "" {
				return m.do(actGoHere)
			}
		}
	}
	return nil
}

// toggleMouse leaves the mouse to the terminal, or takes it back.
func (m *Model) toggleMouse() tea.Cmd {
	m.noMouse = !m.noMouse
	if m.noMouse {
		m.say("the mouse is the terminal's: it marks text; M takes it back")
		return tea.DisableMouse
	}
	m.say("the mouse points at panes, lines and positions; M leaves it to the terminal")
	return tea.EnableMouseCellMotion
}

// point puts a pane's cursor to where the mouse is.
func (m *Model) point(p place, msg tea.MouseMsg, drag bool) {
	if c, ok := m.panes[p.id].(clicked); ok {
		c.Click(msg.X-p.x, msg.Y-p.y-1, drag)
		m.sync()
	}
}

// mouseAbove is mouse where something lies above the panes: the wheel scrolls
// it.
func (m *Model) mouseAbove(msg tea.MouseMsg) tea.Cmd {
	a, ok := map[tea.MouseButton]action{tea.MouseButtonWheelUp: actUp, tea.MouseButtonWheelDown: actDown}[msg.Button]
	switch {
	case !ok:
	case m.help != nil:
		for range wheelLines {
			m.help.view(a)
		}
	case m.menu != nil:
		m.menu.key(a)
	case m.beside != nil:
		for range wheelLines {
			m.beside.view(a)
		}
	}
	return nil
}

// focusOn gives a pane the keys.
func (m *Model) focusOn(id paneID) {
	m.focus = id
	for _, s := range sharing {
		if s == id {
			m.bottom = id
		}
	}
	m.resize()
}

// clickTitle goes to the pane whose name in brackets is there, or gives the
// pane the keys.
func (m *Model) clickTitle(p place, x int) tea.Cmd {
	left, _ := m.title(p.placed)
	at := x - 2 // behind the sign and a blank
	for id, pane := range m.panes {
		name := "[" + pane.Name() + "]"
		if i := strings.Index(left, name); i >= 0 && at >= width(left[:i]) && at < width(left[:i])+len(name) {
			m.focusOn(paneID(id))
			return nil
		}
	}
	if p.id != paneExplain {
		m.focusOn(p.id)
	}
	return nil
}

// Click selects a thread.
func (p *threadsPane) Click(_, y int, _ bool) {
	if from, to := p.list.span(); y >= 0 && from+y < to {
		p.list.cursor = from + y
		p.keep()
	}
}

// Click selects a module; the first line is the head.
func (p *modulesPane) Click(_, y int, _ bool) {
	if from, to := p.list.span(); y >= 1 && from+y-1 < to {
		p.list.cursor = from + y - 1
		p.keep()
	}
}

// Click selects an event.
func (p *eventsPane) Click(_, y int, _ bool) {
	if from, to := p.list.span(); y >= 0 && from+y < to {
		p.list.cursor = from + y
		p.stay = p.list.cursor < p.len()-1
		if e := p.Selected(); e != nil {
			p.seq = e.Seq
		}
	}
}

// Click selects a lane and looks at the position there; on the ruler and on the
// line of the whole run the button let go goes there.
func (p *lanesPane) Click(x, y int, drag bool) {
	v := p.lives()
	win := p.window()
	cell := x - p.gutter()
	if !drag {
		p.scrubbed = y == 0 || p.rail() > 0 && y == p.h-1
		p.onRail = p.rail() > 0 && y == p.h-1
		if from, to := p.list.span(); y >= 1 && from+y-1 < to && !p.scrubbed {
			p.list.cursor = from + y - 1
			p.id = p.lanes()[p.list.cursor].id
			p.chosen(p.id)
		}
	}
	switch {
	case len(v.moves) == 0 || win.from == win.to:
	case p.onRail:
		p.To(v.railColumn(&win, cell))
	case cell < 0:
		if drag {
			p.To(win.from - 1)
		}
	default:
		p.To(win.column(cell))
	}
}
