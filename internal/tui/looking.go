package tui

import (
	"fmt"
	"sort"
	"strconv"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// moment says whether the person looks at another position than the present
// one, along the lanes.
func (m *Model) moment() bool {
	_, ok := m.lookedAt()
	return ok
}

// lookedAt returns the move under the cursor of the lanes when it is looked at.
func (m *Model) lookedAt() (*kernel.Move, bool) {
	if m.focus != paneLanes {
		return nil, false
	}
	return m.lanes.Looking()
}

// eventPos is the position at which the event under the cursor happened, -1 when
// it is not known.
func (m *Model) eventPos() int {
	e := m.events.Selected()
	if e == nil || m.snap.Debug == nil {
		return -1
	}
	moves := m.snap.Debug.Moves
	i := sort.Search(len(moves), func(i int) bool { return uint64(moves[i].Events) >= e.Seq })
	if i == len(moves) {
		return -1
	}
	return moves[i].Pos
}

// goHere goes to the position that is looked at, or to that of the event under
// the cursor.
func (m *Model) goHere() tea.Cmd {
	if m.focus == paneEvents {
		return m.runMove("goto " + strconv.Itoa(m.eventPos()))
	}
	mv, _ := m.lanes.Looking()
	cmd := m.runMove("goto " + strconv.Itoa(mv.Pos))
	m.lanes.look = false
	return cmd
}

// breakHere makes runs stop where the cursor is on the selected lane, or takes
// that breakpoint away.
func (m *Model) breakHere() tea.Cmd {
	point, id := m.lanes.Point(), m.lanes.Selected().id
	if n := m.lanes.breaksAt(point, id); n > 0 {
		return m.runMove("break --delete " + strconv.Itoa(n))
	}
	return m.runMove("break " + point + " thread=" + ops.Quote(id))
}

// explainMove says what a move was, in at most h lines of w cells.
func explainMove(v *lives, mv *kernel.Move, kernelVersion string, w, h int, l *look) []string {
	var out []string
	add := func(as role, text string) {
		for _, line := range wrap(clean(text, l.ascii), w, 0) {
			out = append(out, l.on(as, line))
		}
	}
	id := mv.Point
	if id == "" {
		id = mv.At
	}
	p, known := trace.LookupPoint(id)
	switch {
	case mv.Kind == "spawn":
		add(roleText, mv.Thread+" is made; it has not begun.")
	case mv.Kind == "release":
		add(roleText, mv.Thread+" is released at "+mv.At+" and can go on.")
	case mv.Kind == "signal":
		add(roleText, mv.Thread+" gets a signal.")
	case mv.Thread == "":
		add(roleText, map[string]string{
			"clock": "Nobody can move: the clock goes to the next time-out.", "fault": "The fault plan is changed.", "set": "A setting is changed.",
			"request": "The kernel is made to ask for a module, by a system call.",
		}[mv.Kind])
	case mv.Status == "done":
		word, _ := ended(mv)
		add(roleText, mv.Thread+" ends: "+word+".")
	default:
		text := mv.Thread + " comes to " + id
		if known {
			text += " " + p.Name
		}
		switch mv.Status {
		case "held":
			text += ", and is held there"
		case "blocked":
			text += ", and waits for " + mv.Waits
		}
		add(roleText, text+".")
	}
	for _, c := range mv.States {
		add(stateRole(c.State), l.state(c.State)+" "+c.Module+" is "+string(c.State)+" from here on.")
	}
	var now string
	column := v.column(mv.Pos)
	for i := range v.bands {
		state := trace.Absent
		for _, c := range v.bands[i].changes {
			if c.column <= column {
				state = c.state
			}
		}
		now += fmt.Sprintf(", %s %s", v.bands[i].name, state)
	}
	if now != "" {
		add(roleDim, "Then: "+now[2:])
	}
	if known && mv.Thread != "" {
		add(roleText, p.ID+" "+p.Name+": "+p.Says)
		if p.Sees != "" {
			add(roleDim, "Seen from outside: "+p.Sees)
		}
		add(roleDim, source(p, kernelVersion))
	}
	if len(out) > h {
		out = out[:h]
		out[h-1] = cut(out[h-1], w-2, "") + " " + l.on(roleDim, l.tail)
	}
	return out
}
