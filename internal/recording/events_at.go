package recording

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// ThreadID is the name by which a thread of an event is known: the one a person
// gave it, or else its command and process number.
func ThreadID(t trace.Thread) string {
	switch {
	case t.ID != "":
		return t.ID
	case t.PID != 0 && t.Comm == "":
		return fmt.Sprintf("pid-%d", t.PID)
	case t.PID != 0:
		return fmt.Sprintf("%s-%d", t.Comm, t.PID)
	}
	return t.Comm
}

// eventAt makes the snapshot after so many events of a target whose threads do
// not stop: the module list that was last read, with what events have told
// since, and the threads that events tell of.
func (r *Recording) eventAt(pos int) *kernel.Snapshot {
	pos = min(max(pos, 0), len(r.Events))
	s := &kernel.Snapshot{}
	from := 0
	for i := len(r.frames) - 1; i >= 0; i-- {
		if r.frames[i].events <= pos {
			s = r.fold(i)
			from = r.frames[i].events
			break
		}
	}
	s.Pos, s.AllDone = pos, true
	s.Events = r.named[:pos:pos]
	if pos > 0 {
		s.Now = r.Events[pos-1].Time
	}
	rows := modulesOf(s.Listed)
	for _, e := range r.Events[from:pos] {
		rows = told(rows, e)
	}
	s.Modules, s.Listed = rows, listedOf(s.Listed, rows)
	s.Threads = threadsOf(s.Events)
	for _, t := range s.Threads {
		s.AllDone = s.AllDone && t.Done
	}
	return s
}

// named returns events whose threads all have names.
func named(events []trace.Event) []trace.Event {
	list := slices.Clone(events)
	for i := range list {
		list[i].Thread.ID = ThreadID(list[i].Thread)
	}
	return list
}

func modulesOf(list []kernel.Module) []kernel.ModuleState {
	rows := make([]kernel.ModuleState, 0, len(list))
	for _, m := range list {
		row := kernel.ModuleState{Name: m.Name, State: m.State, Refs: m.Refs, Users: m.Users, Taints: m.Taints, Uses: []string{}, Files: []string{}}
		if m.State == trace.Live {
			row.Dir, row.Initstate = true, trace.Live
		}
		rows = append(rows, row)
	}
	return rows
}

// told folds an event into the list of modules.
func told(rows []kernel.ModuleState, e trace.Event) []kernel.ModuleState {
	if e.Module == "" || e.State == "" && e.Refs == nil || e.State == trace.Builtin {
		return rows
	}
	i := slices.IndexFunc(rows, func(m kernel.ModuleState) bool { return m.Name == e.Module })
	if e.State == trace.Absent {
		if i >= 0 {
			rows = slices.Delete(rows, i, i+1)
		}
		return rows
	}
	if i < 0 {
		if e.State == "" {
			return rows
		}
		rows = append(rows, kernel.ModuleState{Name: e.Module, Uses: []string{}, Users: []string{}, Files: []string{}})
		i = len(rows) - 1
	}
	m := &rows[i]
	if e.State != "" {
		m.State = e.State
		if e.State == trace.Live {
			m.Dir, m.Initstate = true, trace.Live
		}
	}
	if e.Refs != nil {
		m.Refs = *e.Refs
	}
	return rows
}

// listedOf is the list as /proc/modules would show it.
func listedOf(old []kernel.Module, rows []kernel.ModuleState) []kernel.Module {
	var list []kernel.Module
	for _, m := range rows {
		if m.State == trace.Unformed {
			continue
		}
		row := kernel.Module{Name: m.Name, State: m.State, Refs: m.Refs, Users: m.Users, Taints: m.Taints}
		if i := slices.IndexFunc(old, func(o kernel.Module) bool { return o.Name == m.Name }); i >= 0 {
			row = old[i]
			row.State, row.Refs = m.State, m.Refs
		}
		list = append(list, row)
	}
	return list
}

// Told lists the threads that events tell of, as far as they do.
func (r *Recording) Told() []kernel.ThreadState { return threadsOf(named(r.Events)) }

// threadsOf lists the threads that events tell of, in the order they appear.
func threadsOf(events []trace.Event) []kernel.ThreadState {
	var list []kernel.ThreadState
	at := map[string]int{}
	asked := map[uint64]string{} // request -> who asked
	for _, e := range events {
		id := e.Thread.ID
		if id == "" {
			continue
		}
		i, ok := at[id]
		if !ok {
			i = len(list)
			at[id] = i
			list = append(list, kernel.ThreadState{ID: id, PID: e.Thread.PID, Comm: e.Thread.Comm, Status: "ready", Began: e.Time})
		}
		t := &list[i]
		t.At, t.Status, t.Done = e.Point, "ready", false
		if e.Module != "" {
			t.Module = e.Module
		}
		if e.Request > 0 {
			t.Request = e.Request
			if strings.HasPrefix(e.Point, "R") {
				asked[e.Request] = id
			} else if p := asked[e.Request]; p != "" && p != id && t.Parent == "" {
				t.Parent = p
			}
		}
		switch e.Point {
		case trace.PointVerified:
			t.Verdict = kernel.Verdict(firstWord(e.Detail))
		case trace.PointExit, "R9":
			t.Done, t.Status, t.Ended = true, "done", e.Time
			if e.Ret != nil {
				t.Result = *e.Ret
			}
		}
	}
	return list
}

func firstWord(s string) string {
	s, _, _ = strings.Cut(s, " ")
	return strings.TrimRight(s, ":;,")
}
