package tui

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// modulesPane is the live table of modules.
type modulesPane struct {
	w, h    int
	list    scroller
	rows    []*Row // filtered and sorted
	name    string // module under the cursor, so that it stays there
	sort    column
	reverse bool
	filter  string
}

// Name is the pane's word.
func (p *modulesPane) Name() string { return "Modules" }

// SetSize tells the room.
func (p *modulesPane) SetSize(w, h int) {
	p.w, p.h = w, h
	p.list.set(len(p.rows), h-1)
}

// Sync filters and sorts the snapshot's modules and puts the cursor back on
// the module it was on; when that one has gone, on the one that took its place.
func (p *modulesPane) Sync(s *Snapshot) {
	p.rows = p.rows[:0:0]
	words := filterWords(p.filter)
	for i := range s.Modules {
		if r := &s.Modules[i]; matches(r, words) {
			p.rows = append(p.rows, r)
		}
	}
	slices.SortStableFunc(p.rows, func(a, b *Row) int {
		c := compare(a, b, p.sort)
		if p.reverse {
			c = -c
		}
		if c == 0 {
			c = strings.Compare(a.Name, b.Name)
		}
		return c
	})
	if i := slices.IndexFunc(p.rows, func(r *Row) bool { return r.Name == p.name }); i >= 0 {
		p.list.cursor = i
	}
	p.list.set(len(p.rows), p.h-1)
	p.keep()
}

// keep remembers the module under the cursor.
func (p *modulesPane) keep() {
	if p.list.cursor < len(p.rows) {
		p.name = p.rows[p.list.cursor].Name
	}
}

// matches says whether every word is in the name (dashes count as
// underscores) or begins the state.
func matches(r *Row, words []string) bool {
	name := strings.ToLower(r.Name)
	for _, w := range words {
		if !strings.Contains(name, strings.ReplaceAll(w, "-", "_")) && !strings.HasPrefix(string(r.State), w) {
			return false
		}
	}
	return true
}

// Selected returns the name under the cursor, "" in an empty table.
func (p *modulesPane) Selected() string {
	if p.list.cursor < len(p.rows) {
		return p.rows[p.list.cursor].Name
	}
	return ""
}

// Select puts the cursor on a module, if it is there.
func (p *modulesPane) Select(name string) bool {
	i := slices.IndexFunc(p.rows, func(r *Row) bool { return r.Name == name })
	if i < 0 {
		return false
	}
	p.list.cursor, p.name = i, name
	p.list.clamp()
	return true
}

// Key moves or sorts.
func (p *modulesPane) Key(a action) bool {
	switch a {
	case actSort:
		p.sort = (p.sort + 1) % columns
		if p.sort == colSysfs && !slices.ContainsFunc(p.rows, func(r *Row) bool { return r.Sysfs != "" }) {
			p.sort++ // the target does not tell
		}
		p.reverse = p.sort.descends()
	case actReverse:
		p.reverse = !p.reverse
	default:
		if !p.list.act(a) {
			return false
		}
		p.keep()
	}
	return true
}

// Title tells how many modules there are, the filter, and the order.
func (p *modulesPane) Title(s *Snapshot, l *look) (left, right string) {
	left = fmt.Sprintf("Modules %d", len(s.Modules))
	if p.filter != "" {
		left = fmt.Sprintf("Modules %d of %d /%s", len(p.rows), len(s.Modules), clean(p.filter, l.ascii))
	}
	if s.Down != nil {
		left += " as last seen"
	}
	for _, c := range layoutColumns(p.w, p.rows) {
		if c.col == p.sort { // the head of the column says it
			return left, ""
		}
	}
	return left, "by " + p.sort.title() + " " + p.direction(l)
}

func (p *modulesPane) direction(l *look) string {
	if p.reverse {
		return l.down
	}
	return l.up
}

// ShortHelp has nothing besides the table.
func (p *modulesPane) ShortHelp() []action { return nil }

// View draws the head and the rows in sight.
func (p *modulesPane) View(s *Snapshot, l *look, focus bool) []string {
	if p.h < 1 {
		return nil
	}
	cols := layoutColumns(p.w, p.rows)
	out := []string{p.head(cols, l)}
	from, to := p.list.span()
	for i := from; i < to; i++ {
		out = append(out, p.row(s, p.rows[i], cols, l, i == p.list.cursor, focus))
	}
	if len(p.rows) == 0 {
		out = append(out, l.on(roleDim, "  "+p.empty(s, l)))
	}
	return out
}

func (p *modulesPane) empty(s *Snapshot, l *look) string {
	switch {
	case s.Problem != nil && !s.Listed:
		return clean(firstLine(s.Problem.Error()), l.ascii)
	case !s.Listed:
		return "reading the module list"
	case p.filter != "":
		return "nothing matches; Esc ends the filter"
	}
	return "no modules are loaded"
}

func (p *modulesPane) head(cols []cell, l *look) string {
	var b strings.Builder
	b.WriteString("   ")
	for _, c := range cols {
		title := c.col.title()
		if c.col == p.sort {
			title += p.direction(l)
		}
		b.WriteString(c.fit(title, l) + " ")
	}
	return l.on(roleTitle, fit(b.String(), p.w, ""))
}

func (p *modulesPane) row(s *Snapshot, r *Row, cols []cell, l *look, cursor, focus bool) string {
	ink := l.inks(cursor && focus)
	mark, fresh := " ", " "
	if cursor {
		mark = l.cursor
	}
	if s.Fresh(r) {
		fresh = l.changed
	}
	var b strings.Builder
	b.WriteString(ink[roleMark].on(mark + fresh + " "))
	used := 3
	for _, c := range cols {
		text, as := c.col.text(r, l)
		if c.col == colName && r.State != trace.Live {
			as = stateRole(r.State)
		}
		b.WriteString(ink[as].on(c.fit(text, l)))
		used += c.w
		if used < p.w {
			b.WriteString(ink[roleText].on(" "))
			used++
		}
	}
	if used < p.w {
		b.WriteString(ink[roleText].on(strings.Repeat(" ", p.w-used)))
	}
	return b.String()
}
