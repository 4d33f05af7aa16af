package ops

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// pending says what keeps a fault or a breakpoint from striking now, a sentence
// each: the thread or the module is not there yet, or will not come by the point.
// It is in force all the same: what it waits for may come.
func (s *Session) pending(d kernel.Debugger, snap *kernel.Snapshot, point, thread, module string) []string {
	var notes []string
	p, _ := trace.LookupPoint(point)
	if stops := stopsAt(d); stops != nil && p.Phase != trace.PhaseFunction && !slices.Contains(stops, p.ID) && !trace.AskedFor(p.ID) {
		notes = append(notes, "no thread of "+snap.Target+" stops at "+p.ID+" "+p.Name+": nobody will come there")
	} else if noStop(p) {
		notes = append(notes, p.ID+" "+p.Name+" is seen, and no thread stops there: nobody will come there")
	}
	if thread != "" {
		notes = append(notes, threadPending(snap, p, thread)...)
	}
	if module != "" {
		notes = append(notes, s.modulePending(snap, module)...)
		if before := beforeModule(p); before != "" {
			notes = append(notes, "at "+p.ID+" "+p.Name+" "+before+": with module="+module+" it strikes nobody")
		}
	}
	return notes
}

// stopsAt lists the points where threads of a target stop, nil for all.
func stopsAt(d kernel.Debugger) []string {
	if st, ok := d.(kernel.Stopper); ok {
		return st.StopsAt()
	}
	return nil
}

// noStop says that a point is no step of a thread anywhere.
func noStop(p trace.Point) bool { return p.Phase == trace.PhaseSeen || p.Phase == trace.PhaseRefs }

// beforeModule says why no module is known where a thread comes to a point, ""
// where one is.
func beforeModule(p trace.Point) string {
	switch {
	case p.Phase == trace.PhaseRequest:
		return "a request has a name, and no module yet"
	case p.ID == "H0":
		return "the helper has a name, and has not resolved it"
	case p.ID == trace.PointExit:
		return "the helper has answered for a name, and is at work on no module"
	}
	return ""
}

// isHelper says whether helpers are called so, in the order in which they begin.
func isHelper(id string) bool {
	n, ok := strings.CutPrefix(id, "helper-")
	return ok && n != "" && strings.Trim(n, "0123456789") == ""
}

// threadPending is pending for a thread.
func threadPending(snap *kernel.Snapshot, p trace.Point, id string) []string {
	t := snap.Thread(id)
	if t == nil && isHelper(id) {
		return nil // helpers come by themselves
	}
	if t == nil {
		note := "there is no thread " + quoteShort(id) + " yet: it waits for one"
		var names []string
		for i := range snap.Threads {
			names = append(names, snap.Threads[i].ID)
		}
		if near := nearThreads(id, names); near != "" {
			note += "; did you mean " + near + "?"
		}
		return []string{note}
	}
	switch {
	case t.Done:
		return []string{id + " has ended and will not come there; back goes to before its end"}
	case t.At == p.ID:
		return []string{id + " is at " + p.ID + " now: it strikes when it comes there again"}
	}
	if why := notOnItsWay(t, p); why != "" {
		return []string{why}
	}
	for i := range snap.Events {
		if e := &snap.Events[i]; e.Point == p.ID && e.Thread.ID == id {
			return []string{id + " has been at " + p.ID + " already: it strikes when it comes there again; back goes to before"}
		}
	}
	return nil
}

// nearThreads are names of threads like id: also with letters of another case.
func nearThreads(id string, names []string) string {
	for _, n := range names {
		if strings.EqualFold(n, id) {
			return n
		}
	}
	return strings.Join(nearest(id, names), ", ")
}

// notOnItsWay says why a thread's task never brings it by a point, "" where it
// may.
func notOnItsWay(t *kernel.ThreadState, p trace.Point) string {
	verb, _, _ := strings.Cut(t.Task, " ")
	way := map[string]string{
		"request": "asks for a module", "getfs": "asks for a module", "insmod": "loads a file", "init": "loads an image", "rmmod": "unloads",
	}[verb]
	if way == "" {
		return ""
	}
	loads := p.Phase == trace.PhaseLoad || p.Phase == trace.PhaseSysfs
	asks := verb == "request" || verb == "getfs"
	switch {
	case asks && (loads || p.Phase == trace.PhaseHelper):
		return t.ID + " " + way + " and does not come by " + p.ID + ": its helper does, a thread of its own (helper-1 is the first)"
	case asks && p.Phase == trace.PhaseUnload,
		(verb == "insmod" || verb == "init") && (p.Phase == trace.PhaseHelper || p.Phase == trace.PhaseUnload),
		verb == "rmmod" && (loads || p.Phase == trace.PhaseHelper):
		return t.ID + " " + way + " and does not come by " + p.ID + " " + p.Name
	}
	return ""
}

// modulePending is pending for a module.
func (s *Session) modulePending(snap *kernel.Snapshot, name string) []string {
	name = kernel.Normalize(name)
	names := s.names()
	if len(names) == 0 || slices.Contains(names, name) || snap.Module(name) != nil {
		return nil
	}
	note := "the module tree has no " + quoteShort(name) + ": it waits for one"
	if r, _, err := s.resolver(); err == nil {
		if found, err := r.AliasNames(name, 1); err == nil && slices.Contains(found, name) {
			return []string{quoteShort(name) + " is an alias, and no module: resolve " + name + " says whose"}
		}
	}
	if near := nearest(name, names); len(near) > 0 {
		note += "; did you mean " + strings.Join(near, ", ") + "?"
	}
	return []string{note}
}

// unknown says which threads and modules a condition asks about that are not
// there, a few words each.
func (s *Session) unknown(snap *kernel.Snapshot, c *condition.Condition) []string {
	var notes []string
	threads, modules := c.AsksAbout()
	for _, id := range threads {
		if snap.Thread(id) == nil {
			note := "there is no thread " + quoteShort(id)
			var names []string
			for i := range snap.Threads {
				names = append(names, snap.Threads[i].ID)
			}
			if near := nearThreads(id, names); near != "" {
				note += " (did you mean " + near + "?)"
			}
			notes = append(notes, note)
		}
	}
	for _, name := range modules {
		for _, note := range s.modulePending(snap, name) {
			short, _, _ := strings.Cut(note, ":")
			if _, mean, ok := strings.Cut(note, "; "); ok {
				short += " (" + mean + ")"
			}
			notes = append(notes, short)
		}
	}
	return notes
}
