package tui

import (
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// explainPane says in plain words what the event under the cursor is.
type explainPane struct {
	w, h  int
	event func() *trace.Event
	// thread is the one to explain instead of the event, nil for the event.
	thread func() *kernel.ThreadState
	// moment is the move that is looked at, along the lanes, if one is.
	moment func() (*kernel.Move, bool)
	lives  func() *lives
}

// Name is the pane's word.
func (p *explainPane) Name() string { return "Explain" }

// SetSize tells the room.
func (p *explainPane) SetSize(w, h int) { p.w, p.h = w, h }

// Sync has nothing to follow: the event is asked for when drawing.
func (p *explainPane) Sync(*Snapshot) {}

// Key does nothing: the pane has no cursor.
func (p *explainPane) Key(action) bool { return false }

// ShortHelp has nothing.
func (p *explainPane) ShortHelp() []action { return nil }

// Title names the point.
func (p *explainPane) Title(_ *Snapshot, l *look) (left, right string) {
	if mv, ok := p.moment(); ok {
		return "Step " + strconv.Itoa(mv.Pos) + ", looked at", ""
	}
	if t := p.thread(); t != nil {
		return "Thread " + clean(t.ID, l.ascii) + " " + standing(t), clean(t.Task, l.ascii)
	}
	e := p.event()
	if e == nil {
		return "Explain", ""
	}
	return "Event " + strconv.FormatUint(e.Seq, 10) + " at " + clean(e.Point, l.ascii), ""
}

// View draws the explanation.
func (p *explainPane) View(s *Snapshot, l *look, _ bool) []string {
	var out []string
	if mv, ok := p.moment(); ok {
		version := ""
		if s.Debug != nil {
			version = s.Debug.Kernel
		}
		for _, line := range explainMove(p.lives(), mv, version, p.w-2, p.h, l) {
			out = append(out, " "+line)
		}
		return out
	}
	if t := p.thread(); t != nil {
		for _, line := range explainThread(s, t, p.w-2, p.h, l) {
			out = append(out, " "+line)
		}
		return out
	}
	for _, line := range explain(p.event(), s, p.w-2, p.h, l) {
		out = append(out, " "+line)
	}
	return out
}

// explain says what an event is in at most h lines of w cells: the point's
// sentence, what can be seen from outside, the kernel function of the target's
// version, then the event's own words.
func explain(e *trace.Event, s *Snapshot, w, h int, l *look) []string {
	if e == nil || h < 1 || w < 8 {
		return nil
	}
	point, known := trace.LookupPoint(e.Point)
	var out []string
	add := func(as role, text string) {
		for _, line := range wrap(clean(text, l.ascii), w, 0) {
			out = append(out, l.on(as, line))
		}
	}
	if !known {
		add(roleText, e.Point+" is not in the table of points.")
	} else {
		add(roleText, point.ID+" "+point.Name+": "+point.Says)
		if point.Sees != "" {
			add(roleDim, "Seen from outside: "+point.Sees)
		}
		version := ""
		if s.Debug != nil {
			version = s.Debug.Kernel
		}
		add(roleDim, source(point, version))
	}
	if e.Detail != "" && !strings.Contains(point.Says, e.Detail) {
		add(roleText, "Here: "+e.Detail)
	}
	if e.Source != "" {
		add(roleDim, "Told by: "+e.Source)
	}
	if len(out) > h {
		out = out[:h]
		out[h-1] = cut(out[h-1], w-2, "") + " " + l.on(roleDim, l.tail)
	}
	return out
}

// source names the kernel function of a point, of a version of the kernel or of
// the newest where that is "", or where the rule is known from: the loader's own
// points are no kernel functions.
func source(p trace.Point, version string) string {
	text := ops.PointSource(p, version)
	if !slices.ContainsFunc(p.Funcs, func(f trace.Func) bool { return strings.HasPrefix(text, f.Name) && f.Name != "" }) {
		return "Rule from: " + text
	}
	return "Kernel function: " + text
}
