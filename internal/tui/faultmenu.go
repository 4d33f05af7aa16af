package tui

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// faultMenu makes the lists of faults from what there is to see now.
type faultMenu struct {
	snap   *kernel.Snapshot
	thread *kernel.ThreadState // selected, nil when there is none
	stops  []string            // points at which the target's threads stop, nil: all
	anyone bool
}

// newFaultMenu opens the menu of faults, for the selected thread.
func newFaultMenu(m *Model) *menu {
	f := faultMenu{snap: m.snap.Debug, thread: m.threads.Selected()}
	if s, ok := m.feed.target.(kernel.Stopper); ok {
		f.stops = s.StopsAt()
	}
	mn := &menu{anyone: f.thread == nil || f.thread.Done}
	mn.makes = func(mn *menu) *level {
		f.anyone = mn.anyone || f.thread == nil
		return f.kinds()
	}
	mn.levels = []*level{mn.makes(mn)}
	return mn
}

// kinds is the first list.
func (f faultMenu) kinds() *level {
	v := &level{title: "Faults for anybody"}
	if !f.anyone {
		v.title = "Faults for " + f.thread.ID + " (a: for anybody)"
	} else if f.thread != nil {
		v.title += " (a: for " + f.thread.ID + " only)"
	}
	v.items = []item{
		{text: "Hold at a point", next: f.points("hold", "", func(p trace.Point) bool { return p.Hold }),
			says: "A thread stops at a named place and stays until it is released: to open the window of a race and look at it from outside."},
		{text: "Delay at a point", next: f.points("delay", "1s", func(p trace.Point) bool { return p.Hold }),
			says: "A thread sleeps at a named place and goes on by itself: a slow disk, a slow machine."},
		{text: "Fail a step", next: f.failures, says: "A step returns an error that the kernel's own code could return there: to see whether all that was made before is undone."},
		f.sub("Helper lies", "The kernel starts another program in modprobe's place, which answers without the work, or not at all.", "lie ",
			"exit:0", "exit:1", "killed", "missing", "noexec", "badformat", "slow:12s", "stuck", "real"),
		f.sub("Helper's policy", "How helpers decide what is built in, and when they are done.", "policy ", "kmod19", "kmod20", "verified"),
		f.kill(), f.flood(), f.release(), f.inForce(),
	}
	return v
}

// item makes an item of a verb's line, told by package ops.
func (f faultMenu) item(text, note, line string) item {
	return item{text: text, note: note, line: line, says: ops.Foretell(line, f.snap)}
}

func (f faultMenu) sub(text, says, verb string, forms ...string) item {
	return item{text: text, says: says, next: func() *level {
		v := &level{title: text}
		for _, form := range forms {
			v.items = append(v.items, f.item(form, "", verb+form))
		}
		return v
	}}
}

// whom is the filter behind a fault's point.
func (f faultMenu) whom() string {
	if f.anyone {
		return ""
	}
	return " thread=" + ops.Quote(f.thread.ID)
}

// points lists the points for a verb; the cursor begins at the first that the
// selected thread has not come to yet.
func (f faultMenu) points(verb, arg string, want func(trace.Point) bool) func() *level {
	return func() *level {
		v := &level{title: verb + " where"}
		for _, p := range trace.Points() {
			if !want(p) || f.stops != nil && !slices.Contains(f.stops, p.ID) {
				continue
			}
			line := strings.TrimRight(verb+" "+p.ID+" "+arg, " ") + f.whom()
			v.items = append(v.items, f.item(p.ID+" "+p.Name, f.passedNote(p.ID), line))
		}
		v.list.n = len(v.items)
		v.list.cursor = f.ahead(v.items)
		return v
	}
}

// failures lists the points that can fail, then the errors.
func (f faultMenu) failures() *level {
	v := &level{title: "fail where"}
	for _, p := range trace.Points() {
		if len(p.Fail) == 0 || f.stops != nil && !slices.Contains(f.stops, p.ID) {
			continue
		}
		v.items = append(v.items, item{text: p.ID + " " + p.Name, note: f.passedNote(p.ID), says: p.Says + " It can fail with " + strings.Join(p.Fail, ", ") + ".",
			next: func() *level {
				e := &level{title: p.ID + " with"}
				for _, errno := range p.Fail {
					e.items = append(e.items, f.item(errno, "", "fail "+p.ID+" "+errno+f.whom()))
				}
				return e
			}})
	}
	v.list.n = len(v.items)
	v.list.cursor = f.ahead(v.items)
	return v
}

// was says whether the selected thread has been at a point.
func (f faultMenu) was(point string) bool {
	return !f.anyone && slices.ContainsFunc(f.snap.Events, func(e trace.Event) bool { return e.Point == point && e.Thread.ID == f.thread.ID })
}

func (f faultMenu) passedNote(point string) string {
	switch {
	case !f.anyone && f.thread.At == point:
		return "is there"
	case f.was(point):
		return "passed"
	}
	return ""
}

// ahead is the first item behind the last one that was passed.
func (f faultMenu) ahead(items []item) int {
	for i := len(items) - 1; i >= 0; i-- {
		if items[i].note != "" {
			return min(i+1, len(items)-1)
		}
	}
	return 0
}

func (f faultMenu) kill() item {
	it := item{text: "Signal", says: "A signal to the selected thread."}
	switch {
	case f.thread == nil:
		it.why = "there is no thread; : spawn A load ext4 makes one"
	case f.thread.Done:
		it.why = f.thread.ID + " has ended"
	default:
		it = f.sub("Signal to "+f.thread.ID, "A signal to the selected thread: an impatient person, an out-of-memory killer.", "kill "+ops.Quote(f.thread.ID)+" ", "TERM", "KILL")
	}
	return it
}

// flood offers floods of the name that was requested last.
func (f faultMenu) flood() item {
	name := ""
	for i := range f.snap.Events {
		if e := &f.snap.Events[i]; e.Point == "R1" && e.Name != "" {
			name = e.Name
		}
	}
	it := item{text: "Flood", says: "Many requests for one name at once: more than there are permits."}
	if name == "" {
		it.why = "nobody has requested anything yet whose name could be flooded; : flood 60 fs-ext4 does one"
		return it
	}
	it.next = func() *level {
		v := &level{title: "flood"}
		for _, n := range []int{2, f.snap.Permits.Max, f.snap.Permits.Max + 10, 1000} {
			if n > 0 {
				v.items = append(v.items, f.item(fmt.Sprintf("%d requests for %s", n, name), "", fmt.Sprintf("flood %d %s", n, ops.Quote(name))))
			}
		}
		return v
	}
	return it
}

func (f faultMenu) release() item {
	it := item{text: "Release"}
	switch {
	case f.thread == nil || f.thread.Status != "held":
		it.says, it.why = "Lets the selected thread go on, if it is held.", "the selected thread is not held"
	default:
		it = f.item("Release "+f.thread.ID, "", "release "+ops.Quote(f.thread.ID))
	}
	return it
}

// inForce lists the faults in force, to take one out.
func (f faultMenu) inForce() item {
	it := item{text: "In force", note: fmt.Sprint(len(f.snap.Faults)), says: "The faults in force, to take one out."}
	if len(f.snap.Faults) == 0 {
		it.why = "no fault is in force"
		return it
	}
	it.next = func() *level {
		v := &level{title: "take out"}
		for _, ft := range f.snap.Faults {
			v.items = append(v.items, f.item(ft.String(), fmt.Sprintf("met %d times", ft.Hits), fmt.Sprintf("faults --delete %d", ft.Number)))
		}
		return v
	}
	return it
}
