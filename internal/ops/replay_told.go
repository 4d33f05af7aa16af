package ops

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// How many events of a thread are shown before and after the first that differs.
const (
	toldBefore = 4
	toldAfter  = 8
)

// streams are the events of each thread, by its name, in the order in which the
// thread did them. In which order threads do theirs is the kernel's own where
// more than one moves; what is seen from outside is told by the states. ends are
// how many events there were after each action: where a session went back, the
// clock did, too.
func streams(snap *kernel.Snapshot, events []trace.Event, ends []int) map[string][]trace.Event {
	names := walk.Names(snap)
	by := map[string][]trace.Event{}
	from := 0
	for _, to := range append(slices.Clone(ends), len(events)) {
		if to = min(to, len(events)); to <= from {
			continue
		}
		part := slices.Clone(events[from:to])
		from = to
		// Several reporters tell of one thread.
		slices.SortStableFunc(part, func(a, b trace.Event) int { return cmp.Compare(a.Time, b.Time) })
		for _, e := range part {
			if name, ok := names[e.Thread.ID]; ok && e.Thread.ID != "" {
				by[name] = append(by[name], e)
			}
		}
	}
	return by
}

// numbers are what differs from one run to the next in a detail: addresses,
// process IDs, times.
var numbers = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`0x[0-9a-fA-F]+|[0-9]+`) })

// withoutNumbers is a text with all numbers in it aside.
func withoutNumbers(s string) string { return numbers().ReplaceAllString(s, "#") }

// alike is what of an event has to be the same when it comes again.
func alike(e trace.Event) string {
	s := fmt.Sprintf("%s\x00%s\x00%s\x00%s\x00%s", e.Point, e.Module, e.State, e.Name, withoutNumbers(e.Detail))
	if e.Ret != nil {
		s += fmt.Sprintf("\x00ret %d", *e.Ret)
	}
	if e.Refs != nil {
		s += fmt.Sprintf("\x00refs %d", *e.Refs)
	}
	return s
}

// telling compares what threads did with what a trace says that they did.
type telling struct {
	was, is  map[string][]trace.Event
	compared int // events that are alike
	// first is the thread whose events part first, "" none; at how many of its
	// events are alike.
	first string
	at    int
}

// compare finds the event that differs first, in the order of the trace.
func (t *telling) compare(order []trace.Event) {
	all := map[string][]trace.Event{}
	maps.Copy(all, t.was)
	maps.Copy(all, t.is)
	best := uint64(0)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		a, b := t.was[name], t.is[name]
		n := 0
		for n < len(a) && n < len(b) && alike(a[n]) == alike(b[n]) {
			n++
		}
		t.compared += n
		if n == len(a) && n == len(b) {
			continue
		}
		seq := uint64(len(order)) + 1
		if n < len(a) {
			seq = a[n].Seq
		}
		if t.first == "" || seq < best {
			t.first, t.at, best = name, n, seq
		}
	}
}

// sides are the events around the first that differs: those alike before it,
// and what follows on each side.
func (t *telling) sides() (before, was, is []trace.Event) {
	a, b := t.was[t.first], t.is[t.first]
	cut := func(list []trace.Event) []trace.Event {
		return append([]trace.Event{}, list[min(t.at, len(list)):min(len(list), t.at+toldAfter)]...)
	}
	return append([]trace.Event{}, a[max(0, t.at-toldBefore):t.at]...), cut(a), cut(b)
}
