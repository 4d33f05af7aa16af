package tui

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// recent is how many state changes a module's own change stays marked for.
const recent = 6

// Row is one module as the screen knows it.
type Row struct {
	kernel.Module
	// Listed says that a module list had it; until then only events told of
	// it, and size and users are unknown.
	Listed bool
	// Gone says that it has left the kernel's list; it is shown going until
	// the list after that.
	Gone bool
	// Changed is the number of the state change that was its last, 0 for none.
	Changed uint64
	// at is the sequence number of the event that told of it.
	at uint64
	// Sysfs says how much of it sysfs shows, "" when the target does not tell.
	Sysfs string
}

// Stage is one stage of opening a target or of a verb.
type Stage struct {
	Name        string
	Done, Total int64 // Total is 0 when it is not known
}

// Snapshot is all the screen shows of a target at one moment. It is a value:
// the With methods return another one and leave the receiver as it was.
type Snapshot struct {
	Target  string
	Info    *kernel.Info // nil until it was read
	Modules []Row        // by name
	Listed  bool         // a module list has been read
	Problem error        // why the last list could not be read
	Events  Tail
	Seq     uint64 // sequence number of the last event
	Lost    uint64 // events that never got here
	Changes uint64 // state changes seen so far
	Down    error  // why the target went down, nil while it is up

	// Debug is all there is to see of a target whose threads can be stepped,
	// nil for others; Moved is the thread that moved last there.
	Debug *kernel.Snapshot
	Moved string
}

// Fresh says whether a module's state changed just now: among the last few
// state changes, however long ago they were.
func (s *Snapshot) Fresh(r *Row) bool {
	return r.Changed > 0 && s.Changes-r.Changed < recent
}

// Find returns the row of a module.
func (s *Snapshot) Find(name string) (*Row, bool) {
	i, ok := slices.BinarySearchFunc(s.Modules, name, byName)
	if !ok {
		return nil, false
	}
	return &s.Modules[i], true
}

func byName(r Row, name string) int { return strings.Compare(r.Name, name) }

// Uses returns the modules that name depends on: those that have it as a user.
func (s *Snapshot) Uses(name string) []string {
	var out []string
	for i := range s.Modules {
		if slices.Contains(s.Modules[i].Users, name) {
			out = append(out, s.Modules[i].Name)
		}
	}
	return out
}

// Count returns the number of modules in a state.
func (s *Snapshot) Count(state trace.State) int {
	n := 0
	for i := range s.Modules {
		if s.Modules[i].State == state {
			n++
		}
	}
	return n
}

// WithEvents folds events, in order, into the snapshot. A hole in the sequence
// numbers is a loss and is noted in the event after it.
func (s Snapshot) WithEvents(events []trace.Event) Snapshot {
	rows := make(map[string]Row)
	for i := range events {
		e := &events[i]
		if e.Seq > s.Seq+1 {
			hole := e.Seq - s.Seq - 1
			events = slices.Clone(events)
			e = &events[i]
			e.Lost += hole
		}
		s.Seq = max(s.Seq, e.Seq)
		s.Lost += e.Lost
		if e.Module == "" {
			continue
		}
		r, seen := rows[e.Module]
		if !seen {
			if old, ok := s.Find(e.Module); ok {
				r, seen = *old, true
			}
		}
		if next, ok := s.fold(r, seen, e); ok {
			rows[e.Module] = next
		}
	}
	s.Events = s.Events.Append(events)
	if len(rows) > 0 {
		s.Modules = merge(s.Modules, rows)
	}
	return s
}

// fold applies one event to a module's row; ok is false when it tells nothing.
func (s *Snapshot) fold(r Row, seen bool, e *trace.Event) (next Row, ok bool) {
	state, gone := e.State, false
	switch state {
	case "":
		if !seen || e.Refs == nil {
			return r, false
		}
		r.Refs = *e.Refs
		return r, true
	case trace.Builtin: // not on the kernel's list
		return r, false
	case trace.Absent:
		if !seen {
			return r, false
		}
		state, gone = trace.Going, true
	}
	if !seen {
		r = Row{Module: kernel.Module{Name: e.Module}}
	}
	if e.Refs != nil {
		r.Refs = *e.Refs
	}
	if !seen || r.State != state {
		s.Changes++
		r.Changed = s.Changes
	}
	r.State, r.Gone, r.at = state, gone, e.Seq
	return r, true
}

// merge returns rows, sorted by name, with some replaced or added.
func merge(rows []Row, with map[string]Row) []Row {
	out := make([]Row, 0, len(rows)+len(with))
	for _, r := range rows {
		if n, ok := with[r.Name]; ok {
			r = n
			delete(with, r.Name)
		}
		out = append(out, r)
	}
	for _, r := range with {
		out = append(out, r)
	}
	slices.SortFunc(out, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// WithModules folds a module list into the snapshot; asOf is the sequence
// number that Seq had when the list was asked for. What an event has said
// since then is newer than the list and stands. A module that the list no
// longer has is shown going once, and is dropped by the list after.
func (s Snapshot) WithModules(list []kernel.Module, asOf uint64) Snapshot {
	first := !s.Listed
	s.Listed, s.Problem = true, nil
	out := make([]Row, 0, len(list)+4)
	have := make(map[string]bool, len(list))
	for _, m := range list {
		if have[m.Name] {
			continue
		}
		have[m.Name] = true
		r := Row{Module: m, Listed: true}
		old, ok := s.Find(m.Name)
		switch {
		case ok && old.at > asOf:
			r.State, r.Gone, r.Changed, r.at = old.State, old.Gone, old.Changed, old.at
		case ok && old.State == m.State:
			r.Changed, r.at = old.Changed, old.at
		case !first || ok:
			s.Changes++
			r.Changed = s.Changes
		}
		out = append(out, r)
	}
	for _, old := range s.Modules {
		switch {
		case have[old.Name]:
		case old.at > asOf, old.State == trace.Unformed:
			out = append(out, old) // unformed ones are hidden from the list
		case !old.Gone:
			if old.State != trace.Going {
				s.Changes++
				old.Changed = s.Changes
			}
			old.State, old.Gone = trace.Going, true
			out = append(out, old)
		}
	}
	slices.SortFunc(out, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	s.Modules = out
	return s
}

// Leaving says whether rows wait for one more list to be dropped.
func (s *Snapshot) Leaving() bool {
	return slices.ContainsFunc(s.Modules, func(r Row) bool { return r.Gone })
}
