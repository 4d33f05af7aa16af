package tui

import (
	"cmp"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

// order is what threads and their lanes are sorted by.
type order int

const (
	orderMade order = iota // as they were made, each helper below who asked for it
	orderName
	orderStatus
	orderPlace
	orderModule
	orders
)

func (o order) String() string {
	return [orders]string{"", "name", "status", "place", "module"}[o]
}

// statusRank orders statuses by how much they need a look.
var statusRank = map[string]int{"held": 1, "blocked": 2, "ready": 3, "done": 4}

// threads compares two threads; nil is one that is not there at the moment, and
// comes last.
func (o order) threads(a, b *kernel.ThreadState) int {
	switch {
	case a == nil || b == nil:
		return cmp.Compare(btoi(a == nil), btoi(b == nil))
	case o == orderStatus:
		return cmp.Compare(statusRank[a.Status], statusRank[b.Status])
	case o == orderPlace:
		return comparePlaces(a, b)
	case o == orderModule:
		return cmp.Or(cmp.Compare(btoi(a.Module == ""), btoi(b.Module == "")), strings.Compare(a.Module, b.Module))
	case o == orderName:
		return strings.Compare(a.ID, b.ID)
	}
	return 0
}

// comparePlaces puts those who have ended behind those who stand somewhere, and
// both behind those who have not begun.
func comparePlaces(a, b *kernel.ThreadState) int {
	stage := func(t *kernel.ThreadState) int {
		switch {
		case t.Done:
			return 2
		case t.At == "":
			return 0
		}
		return 1
	}
	return cmp.Or(cmp.Compare(stage(a), stage(b)), cmp.Compare(len(a.At), len(b.At)), strings.Compare(a.At, b.At))
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// arrangeThreads filters and sorts rows of threads: now tells how the thread of a row
// stands.
func arrangeThreads[T any](rows []T, now func(*T) *kernel.ThreadState, by order, reverse bool, filter string, has func(*T, []string) bool) []T {
	words := filterWords(filter)
	if len(words) == 0 && by == orderMade && !reverse {
		return rows
	}
	out := make([]T, 0, len(rows))
	for i := range rows {
		if has(&rows[i], words) {
			out = append(out, rows[i])
		}
	}
	if by != orderMade {
		slices.SortStableFunc(out, func(a, b T) int { return by.threads(now(&a), now(&b)) })
	}
	if reverse {
		slices.Reverse(out)
	}
	return out
}

// threadHas says whether every word, in lower case, is in what is told of a
// thread.
func threadHas(t *kernel.ThreadState, words []string) bool {
	return ops.HasWords(words, t.ID, t.Comm, t.Task, t.Status, t.At, t.Module, t.Waits, string(t.Verdict))
}

// orderText is what a title says of an order.
func orderText(by order, reverse bool, l *look) string {
	direction := l.up
	if reverse {
		direction = l.down
	}
	switch {
	case by != orderMade:
		return " by " + by.String() + " " + direction
	case reverse:
		return " newest first"
	}
	return ""
}
