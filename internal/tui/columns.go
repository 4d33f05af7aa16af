package tui

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// column is one column of the module table, in the order they stand.
type column int

const (
	colName column = iota
	colState
	colSysfs
	colRefs
	colSize
	colUsers
	colTaints
	columns
)

func (c column) title() string {
	return [columns]string{"NAME", "STATE", "SYSFS", "REFS", "SIZE", "USED BY", "TAINT"}[c]
}

// descends says whether the column's first order is the greatest first.
func (c column) descends() bool { return c == colRefs || c == colSize || c == colUsers }

func (c column) right() bool { return c == colRefs || c == colSize }

func compare(a, b *Row, by column) int {
	switch by {
	case colState:
		return trace.CompareStates(a.State, b.State)
	case colSysfs:
		return strings.Compare(a.Sysfs, b.Sysfs)
	case colRefs:
		return cmp.Compare(a.Refs, b.Refs)
	case colSize:
		return cmp.Compare(a.Size, b.Size)
	case colUsers:
		return cmp.Compare(len(a.Users), len(b.Users))
	case colTaints:
		return cmp.Compare(b.Taints, a.Taints) // tainted ones first
	}
	return strings.Compare(a.Name, b.Name)
}

// text returns what a cell says and as what.
func (c column) text(r *Row, l *look) (string, role) {
	switch c {
	case colState:
		return l.state(r.State) + " " + clean(string(r.State), l.ascii), stateRole(r.State)
	case colSysfs:
		as := roleDim
		if r.Sysfs == "dir only" {
			as = roleWarn
		}
		return r.Sysfs, as
	case colRefs:
		if !r.Listed {
			return "", roleDim
		}
		if r.Refs < 0 {
			return "-", roleDim // the kernel prints - while it unloads
		}
		if r.Refs == 0 {
			return "0", roleDim
		}
		return strconv.FormatInt(r.Refs, 10), roleText
	case colSize:
		if !r.Listed {
			return "", roleDim
		}
		return size(r.Size), roleText
	case colUsers:
		users := strings.Join(r.Users, " ")
		if r.Permanent {
			users = strings.TrimSpace("[permanent] " + users)
		}
		return clean(users, l.ascii), roleDim
	case colTaints:
		return clean(r.Taints, l.ascii), roleWarn
	}
	return clean(r.Name, l.ascii), roleText
}

// size writes bytes with at most four digits: 912, 48K, 1.2M.
func size(n int64) string {
	switch {
	case n < 1024:
		return strconv.FormatInt(n, 10)
	case n < 1024*1024:
		return strconv.FormatInt((n+512)/1024, 10) + "K"
	case n < 10*1024*1024:
		return strconv.FormatFloat(float64(n)/(1024*1024), 'f', 1, 64) + "M"
	}
	return strconv.FormatInt(n/(1024*1024), 10) + "M"
}

// cell is a column with its width on the present screen.
type cell struct {
	col column
	w   int
}

func (c cell) fit(s string, l *look) string {
	if c.col.right() {
		return fitRight(s, c.w, l.tail)
	}
	return fit(s, c.w, l.tail)
}

// layoutColumns chooses the columns for a width. The name and the state always
// show; then, as room allows, references, size, users and taints. Names get
// what the longest needs, users what is left.
func layoutColumns(w int, rows []*Row) []cell {
	const lead = 3 // cursor, mark, space
	longest, users, taints := 8, 8, 0
	for _, r := range rows {
		longest = max(longest, width(r.Name))
		n := 0
		for _, u := range r.Users {
			n += len(u) + 1
		}
		users = max(users, n)
		taints = max(taints, len(r.Taints))
	}
	room := w - lead
	state := 10
	if room < 20 {
		state = max(1, min(8, room-9))
	}
	name := max(1, min(longest, room-state-1))
	cells := []cell{{colName, name}, {colState, state}}
	left := room - name - 1 - state
	add := func(c column, want, least int) {
		if n := min(want, left-1); n >= least {
			cells = append(cells, cell{c, n})
			left -= n + 1
		}
	}
	squeeze := func(want int) { // names give way to numbers, down to 16 cells
		if take := min(want+1-left, cells[0].w-16); take > 0 && left+take >= want+1 {
			cells[0].w -= take
			left += take
		}
	}
	if slices.ContainsFunc(rows, func(r *Row) bool { return r.Sysfs != "" }) {
		add(colSysfs, 9, 8)
	}
	squeeze(12)
	add(colRefs, 5, 5)
	add(colSize, 5, 5)
	if taints > 0 && left > 22 {
		left -= 7
		add(colUsers, min(users, left-1), 6)
		left += 7
		add(colTaints, 6, 6)
		return cells
	}
	add(colUsers, left-1, 6)
	return cells
}

func firstLine(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	return s
}
