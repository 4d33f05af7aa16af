package ops

import (
	"context"
	"fmt"
	"io"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// eventsShown is how many of a step's events are shown.
const eventsShown = 6

// StopResult says where and why a step or a run ended, and what that place is.
type StopResult struct {
	kernel.Stop
	Name   string        `json:"name,omitempty"`   // of the point
	Says   string        `json:"says,omitempty"`   // what happens there, one sentence
	Source string        `json:"source,omitempty"` // kernel function and file, for the target's version
	State  trace.State   `json:"state,omitempty"`  // of the module, in truth
	Break  int           `json:"break,omitempty"`  // number of the breakpoint that was hit
	Events []trace.Event `json:"events"`           // the last of those that happened
	Count  int           `json:"count"`            // how many happened
	// Waiting are those that wait when nobody can move.
	Waiting []kernel.ThreadState `json:"waiting,omitempty"`
	// Trouble is what the kernel reported in its log meanwhile.
	Trouble []Trouble      `json:"trouble,omitempty"`
	Result  *int64         `json:"result,omitempty"`  // of the thread that ended
	Verdict kernel.Verdict `json:"verdict,omitempty"` // likewise
}

// before is where a target was before something was done.
type before struct {
	pos    int
	events uint64 // number of the last event
}

func beforeNow(d kernel.Debugger) before {
	pos, _ := d.Pos()
	_, last := eventsOf(d)
	return before{pos, last}
}

// stopped tells of a stop, and of what happened since before.
func (s *Session) stopped(ctx context.Context, d kernel.Debugger, at kernel.Stop, from before) (*StopResult, error) {
	r := &StopResult{Stop: at, Events: []trace.Event{}}
	if at.Thread != "" {
		s.withDebug(func(st *debugState) { st.moved = at.Thread })
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return r, err
	}
	since, _ := eventsOf(d)
	events := since(from.events)
	r.Count = len(events)
	r.Events = append(r.Events, events[max(0, len(events)-eventsShown):]...)
	r.describe(snap)
	r.Trouble = troubles(snap, from.pos)
	return r, nil
}

// describe fills in what the table of points and a snapshot say of the stop.
func (r *StopResult) describe(snap *kernel.Snapshot) {
	stands := r.Reason == kernel.StopPoint || r.Reason == kernel.StopHeld || r.Reason == kernel.StopWaits
	if p, ok := trace.LookupPoint(r.Point); ok && stands {
		r.Name, r.Says, r.Source = p.Name, p.Says, pointSource(p, snap.Kernel)
	}
	if r.Module != "" {
		r.State = snap.State(r.Module)
	}
	if t := snap.Thread(r.Thread); t != nil && t.Done {
		r.Result, r.Verdict = &t.Result, t.Verdict
	}
	if r.Reason == kernel.StopDeadlock || r.Reason == kernel.StopOnlyHeld || r.Reason == kernel.StopFrozen {
		for _, t := range snap.Threads {
			if t.Status == "blocked" || t.Status == "held" {
				r.Waiting = append(r.Waiting, t)
			}
		}
	}
}

// pointSource names the kernel function that is the point in a version of the
// kernel, with its file.
func pointSource(p trace.Point, version string) string {
	best := trace.Func{}
	for _, f := range p.Funcs {
		if version == "" || !newer(f.Since, version) {
			best = f
		}
	}
	if best.Name == "" {
		return p.Source
	}
	s := best.Name
	if best.File != "" {
		s += ", " + best.File
	}
	if version != "" {
		s += " (" + version + ")"
	}
	return s
}

// newer says that version a, "6.4", comes after b.
func newer(a, b string) bool {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		m, _ := strconv.Atoi(x[i])
		n, _ := strconv.Atoi(y[i])
		if m != n {
			return m > n
		}
	}
	return len(x) > len(y)
}

// WriteText writes where the thread stands, then what that place is, then what
// happened on the way.
func (r *StopResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if r.Break > 0 {
		t.line("breakpoint %d", r.Break)
	}
	head := r.headline(t)
	t.wrap("", 2, fmt.Sprintf("%s  (position %d, %s)", head, r.Pos, clock(r.Now)))
	if r.Says != "" {
		t.wrap("  ", 2, r.Says)
		t.wrap("  ", 2, "["+r.Source+"]")
	}
	if r.Count > len(r.Events) {
		t.line("  %s", t.paint(dim, "... "+wording.Count(r.Count-len(r.Events), "event")))
	}
	for _, e := range r.Events {
		t.event(e)
	}
	for _, th := range r.Waiting {
		t.wrap("  ", 4, th.ID+": "+threadWhere(th))
	}
	t.troubles(r.Trouble)
	return t.err
}

// headline says in one line where the run stands.
func (r *StopResult) headline(t *text) string {
	module := ""
	if r.Module != "" {
		module = ", " + r.Module + " " + string(r.State)
	}
	place := strings.TrimSpace(r.Point + " " + r.Name)
	switch r.Reason {
	case kernel.StopPoint:
		if place == "" {
			return r.Thread + " has gone a step, and stands at no point that has a name" + module
		}
		return r.Thread + " at " + place + module
	case kernel.StopWaits:
		return r.Thread + " waits for " + r.Waits + module
	case kernel.StopHeld:
		return r.Thread + " is held at " + place + module
	case kernel.StopDone:
		s := r.Thread + " has ended"
		if r.Result != nil {
			s += ", returned " + retWords(*r.Result)
		}
		if r.Verdict != "" {
			s += ", " + string(r.Verdict)
		}
		return s
	case kernel.StopAllDone:
		return "all threads have ended"
	case kernel.StopDeadlock:
		return t.paint(red, "deadlock") + ": nobody can move any more"
	case kernel.StopOnlyHeld:
		return "nobody can move until a thread is released"
	case kernel.StopTime:
		return "the time has passed"
	case kernel.StopFrozen:
		return "nobody can move while the clock stands"
	}
	return "at rest"
}

// clock writes a time on the target's clock.
func clock(ns int64) string { return fmt.Sprintf("%.3f s", float64(ns)/1e9) }

// threadWhere says in words where a thread is.
func threadWhere(t kernel.ThreadState) string {
	switch t.Status {
	case "blocked":
		s := "waits for " + t.Waits
		if t.Until > 0 {
			s += ", until " + clock(t.Until)
		}
		return s
	case "held":
		return "held at " + t.At
	case "done":
		if t.Killed {
			return "killed"
		}
		s := "returned " + retWords(t.Result)
		if t.Verdict != "" {
			s += ", " + string(t.Verdict)
		}
		return s
	}
	if t.At == "" {
		return "has not begun"
	}
	if p, ok := trace.LookupPoint(t.At); ok {
		return t.At + " " + p.Name
	}
	return t.At
}
