package conform

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/walk"
)

// Difference is one thing that two targets show differently.
type Difference struct {
	What string `json:"what"` // "B", "result of B", "module victim", "event 3 of B"
	A    string `json:"a"`
	B    string `json:"b"`
}

func (d Difference) String() string { return d.What + ": " + d.A + " | " + d.B }

// nothing stands for what one target does not have.
const nothing = "-"

// differ collects differences.
type differ struct{ list []Difference }

func (d *differ) add(what, a, b string) {
	if a != b {
		d.list = append(d.list, Difference{what, a, b})
	}
}

// states compares two states. Modules named in apart are left out.
func states(a, b *walk.State, apart map[string]bool) []Difference {
	var d differ
	for _, name := range threadNames(a, b) {
		x, y := a.Thread(name), b.Thread(name)
		if x == nil || y == nil {
			d.add(name, where(x), where(y))
			continue
		}
		if x.Status != y.Status || x.Status == walk.Ready && x.At != y.At {
			d.add(name, where(x), where(y))
		} else if x.Status == walk.Done {
			d.add("result of "+name, result(x), result(y))
			d.add("verdict of "+name, string(x.Verdict), string(y.Verdict))
		}
	}
	for _, name := range moduleNames(a, b) {
		if apart[name] {
			continue
		}
		modules(&d, name, a.Snapshot.Module(name), b.Snapshot.Module(name))
	}
	// The number of permits is a setting of each kernel: to be compared they must
	// have the same.
	if p, q := a.Permits, b.Permits; p.Max == q.Max && p.Max > 0 {
		d.add("permits in use", fmt.Sprint(p.Used), fmt.Sprint(q.Used))
	}
	return d.list
}

func threadNames(a, b *walk.State) []string {
	var list []string
	for _, t := range slices.Concat(a.Threads, b.Threads) {
		list = append(list, t.Name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func moduleNames(a, b *walk.State) []string {
	var list []string
	for _, m := range slices.Concat(a.Modules, b.Modules) {
		list = append(list, m.Name)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// modules compares a module that both have, or tells that only one has it.
func modules(d *differ, name string, x, y *kernel.ModuleState) {
	if x == nil || y == nil {
		d.add("module "+name, moduleState(x), moduleState(y))
		return
	}
	d.add("state of "+name, moduleState(x), moduleState(y))
	d.add("references of "+name, fmt.Sprint(x.Refs), fmt.Sprint(y.Refs))
	d.add("users of "+name, list(x.Users), list(y.Users))
	d.add("/sys/module/"+name, sysfs(x), sysfs(y))
}

func moduleState(m *kernel.ModuleState) string {
	if m == nil {
		return "absent"
	}
	return string(m.State)
}

func list(names []string) string {
	names = slices.Clone(names)
	slices.Sort(names)
	if len(names) == 0 {
		return nothing
	}
	return strings.Join(names, " ")
}

func sysfs(m *kernel.ModuleState) string {
	switch {
	case !m.Dir:
		return "no directory"
	case m.Initstate == "":
		return "a directory without initstate"
	}
	return "initstate " + string(m.Initstate)
}

// where says in words where a thread is.
func where(t *walk.Thread) string {
	switch {
	case t == nil:
		return "no such thread"
	case t.Status == walk.Done:
		return "returned " + result(t)
	case t.Status == walk.Waits:
		return "waits"
	case t.Status == walk.Held:
		return "held at " + t.At
	case t.At == "":
		return "has not begun"
	}
	return "at " + t.At
}

// result is what a thread returned, in words.
func result(t *walk.Thread) string {
	switch {
	case t.Killed:
		return "killed"
	case t.Result < 0 && t.Result > -4096:
		return "-" + kernel.ErrnoName(syscall.Errno(-t.Result))
	}
	return fmt.Sprint(t.Result)
}

// events compares what happened in one move, thread by thread. A field that one
// of the two does not show is not compared.
func events(a, b []walk.Event) []Difference {
	var d differ
	var names []string
	for _, e := range slices.Concat(a, b) {
		names = append(names, e.Thread)
	}
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		x, y := of(a, name), of(b, name)
		for i := range max(len(x), len(y)) {
			what := fmt.Sprintf("event %d of %s in this move", i+1, name)
			switch {
			case i >= len(x):
				d.add(what, nothing, told(y[i]))
			case i >= len(y):
				d.add(what, told(x[i]), nothing)
			case !same(x[i], y[i]):
				d.add(what, told(x[i]), told(y[i]))
			}
		}
	}
	return d.list
}

func of(list []walk.Event, thread string) []walk.Event {
	var own []walk.Event
	for _, e := range list {
		if e.Thread == thread {
			own = append(own, e)
		}
	}
	return own
}

func same(a, b walk.Event) bool {
	text := func(x, y string) bool { return x == "" || y == "" || x == y }
	number := func(x, y *int64) bool { return x == nil || y == nil || *x == *y }
	return a.Point == b.Point && text(a.Module, b.Module) && text(string(a.State), string(b.State)) && text(named(a.Name), named(b.Name)) &&
		number(a.Ret, b.Ret) && number(a.Refs, b.Refs)
}

// named is a name without what says that it is one of a module's file: a real
// kernel knows at L0 and L1 only the file.
func named(name string) string {
	if name == "" {
		return "" // which is not the base name of nothing
	}
	name, _, _ = strings.Cut(path.Base(name), ".ko")
	return kernel.Normalize(name)
}

// told is an event in words.
func told(e walk.Event) string {
	s := e.Point
	for _, w := range []string{e.Module, string(e.State), e.Name} {
		if w != "" {
			s += " " + w
		}
	}
	if e.Ret != nil {
		s += fmt.Sprintf(" ret=%d", *e.Ret)
	}
	if e.Refs != nil {
		s += fmt.Sprintf(" refs=%d", *e.Refs)
	}
	return s
}

// Compare tells in what two states differ. Modules named in apart are left out.
func Compare(a, b *walk.State, apart map[string]bool) []Difference { return states(a, b, apart) }
