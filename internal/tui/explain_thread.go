package tui

import (
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// standing is where a thread is, for a title.
func standing(t *kernel.ThreadState) string {
	switch {
	case t.Done:
		return "has ended"
	case t.At == "":
		return "has not begun"
	}
	return "at " + t.At
}

// explainThread says where a thread is in at most h lines of w cells: what
// keeps it, the sentence of its point, what user space can see now, and the
// kernel function of the target's version.
func explainThread(s *Snapshot, t *kernel.ThreadState, w, h int, l *look) []string {
	if t == nil || h < 1 || w < 8 {
		return nil
	}
	var out []string
	add := func(as role, text string) {
		for _, line := range wrap(clean(text, l.ascii), w, 0) {
			out = append(out, l.on(as, line))
		}
	}
	switch {
	case t.Done:
		as := roleText
		if wrong(t.Verdict) {
			as = roleBad
		}
		add(as, "It "+where(t)+verdictSays(s, t))
		if text := believed(s.Debug, t); text != "" {
			add(roleText, text)
		}
		if t.Error != "" {
			add(roleText, t.Error)
		}
	case t.At == "":
		add(roleText, "It will "+t.Task+", and has not begun.")
	default:
		switch t.Status {
		case "held":
			add(roleGoing, "Held here; r releases it.")
		case "blocked":
			add(roleComing, "Waits for "+t.Waits+chained(s, t)+".")
		}
		p, known := trace.LookupPoint(t.At)
		if !known {
			add(roleText, t.At+" is not in the table of points.")
			break
		}
		add(roleText, p.ID+" "+p.Name+": "+p.Says)
		if p.Sees != "" {
			add(roleDim, "Seen from outside: "+p.Sees)
		}
		add(roleDim, source(p, s.Debug.Kernel))
	}
	if len(out) > h {
		out = out[:h]
		out[h-1] = cut(out[h-1], w-2, "") + " " + l.on(roleDim, l.tail)
	}
	return out
}

// chained says whom the one that a thread waits for waits for, and so on, ""
// when that one does not wait.
func chained(s *Snapshot, t *kernel.ThreadState) string {
	chain := waitChain(s.Debug, t)
	out := ""
	for i, id := range chain {
		o := s.Debug.Thread(id)
		switch {
		case o == nil:
		case o.Status == "held" && i == 0:
			out += ": " + id + " is held at " + o.At
		case o.Status == "held":
			out += id + ", held at " + o.At
		case o.Status == "blocked" && i < len(chain)-1:
			out += ", which waits for "
		}
	}
	return strings.TrimSuffix(out, ", which waits for ")
}

// believed says what the helper of a request, or the thread itself, took the
// module for at the built-in check, "" when there was no such check.
func believed(d *kernel.Snapshot, t *kernel.ThreadState) string {
	for i := len(d.Events) - 1; i >= max(0, len(d.Events)-tailSize); i-- {
		e := &d.Events[i]
		if e.Point != trace.PointBuiltin {
			continue
		}
		who := d.Thread(e.Thread.ID)
		if who == nil || who.ID != t.ID && who.Parent != t.ID {
			continue
		}
		text := fmt.Sprintf("%s took %s for %s at H2", who.ID, e.Module, e.State)
		if e.Detail != "" {
			text += " (" + strings.TrimPrefix(e.Detail, string(e.State)+": ") + ")"
		}
		return text + "; now it is " + string(d.State(e.Module)) + "."
	}
	return ""
}

// verdictSays explains a verdict behind "returned 0, premature".
func verdictSays(s *Snapshot, t *kernel.ThreadState) string {
	text := map[kernel.Verdict]string{
		kernel.OK:           "success was reported, and the module is live.",
		kernel.IsBuiltin:    "success was reported, and the module is in the kernel image.",
		kernel.Premature:    "success was reported, and the module was there but not live.",
		kernel.FalseBuiltin: "success was reported as if built in, and it is not.",
		kernel.Lost:         "success was reported, and no module was there.",
		kernel.Failed:       "failure was reported, rightly.",
		kernel.Spurious:     "failure was reported, and the module is live or built in.",
	}[t.Verdict]
	if text == "" {
		return "."
	}
	return ": " + text
}
