package tui

import (
	"fmt"
	"slices"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// finder is a pane whose lines can be searched: a filter hides what does not
// match, finding goes to what does and hides nothing.
type finder interface {
	// finds says how many lines there are and which the person is on.
	finds() (n, at int)
	// found says whether line i has all the words, which are in lower case.
	found(i int, words []string) bool
	// show puts the cursor on line i, or brings it into sight.
	show(i int)
}

// find goes to the next line that has the words, d is 1, or to the one before,
// d is -1; beyond the end it goes on at the other. From is 0 to count the line
// that the cursor is on, too.
func (m *Model) find(d, from int) tea.Cmd {
	words := filterWords(m.sought)
	p := m.panes[m.focus].(finder)
	n, at := p.finds()
	var hits []int // in rising order
	for i := range n {
		if p.found(i, words) {
			hits = append(hits, i)
		}
	}
	text := clean(m.sought, m.look.ascii)
	if len(hits) == 0 {
		where := "no line of " + m.panes[m.focus].Name()
		if m.focus == paneLanes {
			where = "no step on the lanes"
		}
		return m.complain(where + " has " + text)
	}
	k, there := slices.BinarySearch(hits, at+d*from)
	if d < 0 && !there {
		k-- // the last before there, not the first behind
	}
	k = (k + len(hits)) % len(hits)
	p.show(hits[k])
	m.sync()
	return m.say(fmt.Sprintf("%s: %d of %d; N next, P before", text, k+1, len(hits)))
}

func (p *modulesPane) finds() (n, at int) { return len(p.rows), p.list.cursor }

func (p *modulesPane) found(i int, words []string) bool { return matches(p.rows[i], words) }

func (p *modulesPane) show(i int) { p.Select(p.rows[i].Name) }

func (p *threadsPane) finds() (n, at int) { return len(p.rows), p.list.cursor }

func (p *threadsPane) found(i int, words []string) bool { return threadHas(&p.rows[i], words) }

func (p *threadsPane) show(i int) { p.Select(p.rows[i].ID) }

// The lanes are searched along them: what happened, not who is there.
func (p *lanesPane) finds() (n, at int) { return len(p.lives().moves), max(0, p.column()) }

func (p *lanesPane) found(i int, words []string) bool {
	m := &p.lives().moves[i]
	id := m.Point
	if id == "" {
		id = m.At
	}
	point, _ := trace.LookupPoint(id)
	texts := []string{m.Thread, m.Kind, m.Status, id, point.Name, m.Module, string(m.Verdict)}
	for _, c := range m.States {
		texts = append(texts, c.Module, string(c.State))
	}
	return ops.HasWords(words, texts...)
}

func (p *lanesPane) show(i int) { p.To(i) }

func (p *eventsPane) finds() (n, at int) { return p.len(), p.list.cursor }

func (p *eventsPane) found(i int, words []string) bool { return eventMatches(p.at(i), words) }

func (p *eventsPane) show(i int) {
	p.list.cursor = i
	p.stay = i < p.len()-1
	p.seq = p.at(i).Seq
	p.place()
}

func (p *outputPane) finds() (n, at int) { return len(p.lines), p.list.cursor }

func (p *outputPane) found(i int, words []string) bool {
	return ops.HasWords(words, clean(p.lines[i], false)) // without the escapes of colours
}

func (p *outputPane) show(i int) {
	p.moved = true
	p.list.off = max(0, min(i, p.list.n-p.list.h))
	p.list.cursor = i
}

func (p *consolePane) finds() (n, at int) { return len(p.rows), p.list.cursor }

func (p *consolePane) found(i int, words []string) bool {
	return ops.HasWords(words, p.lines[p.rows[i]])
}

func (p *consolePane) show(i int) {
	p.stay = true
	p.list.off, p.list.cursor = i, i
	p.place()
}
