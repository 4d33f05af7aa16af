package export

import (
	"fmt"
	"slices"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// lay lays a recording out.
func lay(r *recording.Recording) *chart {
	c := &chart{Events: []mark{}, Lanes: []lane{}, Modules: []band{}, Arrows: []arrow{}, Permits: []counter{}}
	b := &layout{chart: c, lanes: map[string]int{}, bands: map[string]int{}, points: map[string]trace.Point{}}
	for _, p := range trace.Points() {
		b.points[p.ID] = p
	}
	for i, e := range r.Events {
		b.event(i, e)
	}
	if kept := len(r.Kept()); r.Steps && kept*coarse >= len(r.Events) {
		r.Walk(func(s *kernel.Snapshot) bool { b.position(s); return true })
	} else {
		b.guess(r)
	}
	c.Gap = max(1e6, c.length()/gapOf)
	b.close(len(r.Events))
	return c
}

// coarse is how many events there may be for each position for the positions to
// tell what threads did; gapOf what part of the whole time a pause must be to be
// shown.
const (
	coarse = 4
	gapOf  = 20
)

// layout is a chart that is being made.
type layout struct {
	*chart
	lanes, bands map[string]int
	points       map[string]trace.Point
}

// event adds an event, to the lane of its thread.
func (b *layout) event(i int, e trace.Event) {
	m := mark{N: i + 1, Time: e.Time, Lane: -1, Point: e.Point, Name: b.points[e.Point].Name, Text: particulars(e), Module: e.Module, State: string(e.State)}
	m.Bad = e.Point == trace.PointVerified && !rightly(kernel.Verdict(firstWord(e.Detail)))
	if id := recording.ThreadID(e.Thread); id != "" {
		n, ok := b.lanes[id]
		if !ok {
			n = b.lane(id)
			b.Lanes[n].Comm, b.Lanes[n].PID, b.Lanes[n].Begin = e.Thread.Comm, e.Thread.PID, i
		}
		m.Lane = n
		b.Lanes[n].End = i + 1
	}
	b.Events = append(b.Events, m)
}

// rightly says that nobody was told anything wrong.
func rightly(v kernel.Verdict) bool {
	return v == "" || v == kernel.OK || v == kernel.IsBuiltin || v == kernel.Failed
}

func firstWord(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return strings.TrimRight(s, ":;,")
}

func (b *layout) lane(id string) int {
	n := len(b.Lanes)
	b.lanes[id] = n
	b.Lanes = append(b.Lanes, lane{ID: id, Parent: -1, Spans: []span{}})
	return n
}

func (b *layout) band(name string) int {
	n, ok := b.bands[name]
	if !ok {
		n = len(b.Modules)
		b.bands[name] = n
		b.Modules = append(b.Modules, band{Name: name, Spans: []span{}, Refs: []counter{}})
	}
	return n
}

// position takes in all there was to see at one position.
func (b *layout) position(s *kernel.Snapshot) {
	at := len(s.Events)
	for _, t := range s.Threads {
		n, ok := b.lanes[t.ID]
		if !ok {
			continue // it never did anything
		}
		l := &b.Lanes[n]
		l.Comm, l.PID, l.Task, l.Done, l.Result, l.Error = t.Comm, t.PID, t.Task, t.Done, t.Result, t.Error
		if t.Verdict != "" {
			l.Verdict = string(t.Verdict)
		}
		if p, ok := b.lanes[t.Parent]; ok && p != n && l.Parent < 0 {
			l.Parent = p
		}
		kind, why := "runs", ""
		switch {
		case t.Done:
			kind = ""
		case t.Status == "blocked":
			kind, why = "waits", t.Waits
		case t.Status == "held":
			kind, why = "held", "held at "+t.At
		case t.At == "" && at <= l.Begin:
			kind = ""
		}
		was := ""
		if k := len(l.Spans); k > 0 {
			was = l.Spans[k-1].Kind
		}
		l.Spans = state(l.Spans, at, kind, why)
		if was == "waits" && kind == "runs" && at > 0 && b.Events[at-1].Lane >= 0 && b.Events[at-1].Lane != n {
			b.woken(n, at-1)
		}
	}
	b.modules(s, at)
	b.Permits = count(b.Permits, at, int64(s.Permits.Used))
	b.Max = s.Permits.Max
}

// woken draws who ended a wait to the next thing that the waiter does.
func (b *layout) woken(lane, by int) {
	for i := by + 1; i < len(b.Events); i++ {
		if b.Events[i].Lane == lane {
			b.Arrows = append(b.Arrows, arrow{by, i, "wakes"})
			return
		}
	}
}

func (b *layout) modules(s *kernel.Snapshot, at int) {
	seen := map[string]bool{}
	for _, m := range s.Modules {
		seen[m.Name] = true
		n := b.band(m.Name)
		b.Modules[n].Spans = state(b.Modules[n].Spans, at, string(m.State), sysfs(m))
		b.Modules[n].Refs = count(b.Modules[n].Refs, at, m.Refs)
	}
	for i := range b.Modules {
		if !seen[b.Modules[i].Name] {
			b.Modules[i].Spans = state(b.Modules[i].Spans, at, "", "")
		}
	}
}

func sysfs(m kernel.ModuleState) string {
	switch {
	case m.Initstate != "":
		return "initstate says " + string(m.Initstate)
	case m.Dir:
		return "a directory in /sys/module without initstate"
	}
	return "no directory in /sys/module"
}

// state goes on with a list of spans; the kind "" is none.
func state(list []span, at int, kind, text string) []span {
	if n := len(list); n > 0 && list[n-1].To < 0 {
		last := &list[n-1]
		if last.Kind == kind && last.Text == text {
			return list
		}
		if last.To = at; last.From == at {
			list = list[:n-1]
		}
	}
	if kind == "" {
		return list
	}
	return append(list, span{From: at, To: -1, Kind: kind, Text: text})
}

// count goes on with a list of values.
func count(list []counter, at int, value int64) []counter {
	n := len(list)
	switch {
	case n > 0 && list[n-1].Value == value:
		return list
	case n > 0 && list[n-1].At == at:
		list[n-1].Value = value
		return list
	}
	return append(list, counter{at, value})
}

// close ends what is still open and joins requests with their helpers.
func (b *layout) close(end int) {
	for i := range b.Lanes {
		l := &b.Lanes[i]
		l.Returns = resultOf(l.Task, l.Result)
		if n := len(l.Spans); n > 0 && l.Spans[n-1].To < 0 {
			last := end
			if l.Spans[n-1].Kind == "runs" {
				last = max(l.End, l.Spans[n-1].From+1)
			}
			l.Spans[n-1].To = min(last, end)
		}
		for _, s := range l.Spans {
			l.Begin, l.End = min(l.Begin, s.From), max(l.End, s.To)
		}
	}
	for i := range b.Modules {
		if n := len(b.Modules[i].Spans); n > 0 && b.Modules[i].Spans[n-1].To < 0 {
			b.Modules[i].Spans[n-1].To = end
		}
	}
	b.Modules = slices.DeleteFunc(b.Modules, func(m band) bool { return len(m.Spans) == 0 })
	b.join()
}

// join draws arrows from requests to the helpers they start, and back.
func (b *layout) join() {
	first, last := make([]int, len(b.Lanes)), make([]int, len(b.Lanes))
	for i := range first {
		first[i] = -1
	}
	for i, m := range b.Events {
		if m.Lane < 0 {
			continue
		}
		if first[m.Lane] < 0 {
			first[m.Lane] = i
		}
		last[m.Lane] = i
	}
	for n, l := range b.Lanes {
		if l.Parent < 0 || first[n] < 0 {
			continue
		}
		for i := first[n]; i >= 0; i-- {
			if b.Events[i].Lane == l.Parent {
				b.Arrows = append(b.Arrows, arrow{i, first[n], "starts"})
				break
			}
		}
		for i := last[n]; i < len(b.Events) && l.Done; i++ {
			if b.Events[i].Lane == l.Parent {
				b.Arrows = slices.DeleteFunc(b.Arrows, func(a arrow) bool { return a.To == i && a.Kind == "wakes" })
				b.Arrows = append(b.Arrows, arrow{last[n], i, "answers"})
				break
			}
		}
	}
}

// particulars is what an event says besides its point.
func particulars(e trace.Event) string {
	var parts []string
	switch {
	case e.Module != "" && e.State != "":
		parts = append(parts, e.Module+" is "+string(e.State))
	case e.Module != "":
		parts = append(parts, e.Module)
	case e.Name != "":
		parts = append(parts, e.Name)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if e.Refs != nil {
		parts = append(parts, fmt.Sprintf("%d references", *e.Refs))
	}
	if e.Ret != nil {
		parts = append(parts, "returns "+returned(*e.Ret))
	}
	return strings.Join(parts, "; ")
}

// resultOf writes what a thread returned; of a loader of ours that failed without
// an errno that is -1, which is none.
func resultOf(task string, v int64) string {
	if v == -1 && (strings.HasPrefix(task, "load ") || strings.HasPrefix(task, "unload ")) {
		return "-1"
	}
	return returned(v)
}

// returned writes what a step returned, an errno by its name.
func returned(v int64) string {
	if v < 0 && v > -4096 {
		return "-" + kernel.ErrnoName(syscall.Errno(-v))
	}
	return fmt.Sprint(v)
}
