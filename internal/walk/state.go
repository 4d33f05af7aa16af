package walk

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Status says whether a thread can be moved.
type Status string

// The statuses.
const (
	Ready Status = "ready"
	Waits Status = "waits"
	Held  Status = "held"
	Done  Status = "done"
)

// Thread is a thread as two targets can both show it.
type Thread struct {
	// Name is the thread's ID for one that was spawned; for one the kernel made
	// its maker's name and the how manieth it made: "B/1".
	Name   string
	ID     string // the target's own
	Task   string // "" for one the kernel made
	Status Status
	At     string // last stop it came to, "" none yet
	// Waits is what it waits for in words, which are the target's own.
	Waits string
	// Result, Killed and Verdict are what became of it, once it is done.
	Result  int64
	Killed  bool
	Verdict kernel.Verdict

	made int // its place in the order in which threads were made
}

// State is what there is to see of a target between two moves.
type State struct {
	Threads  []Thread // by name
	Modules  []kernel.ModuleState
	Permits  kernel.Permits
	Snapshot *kernel.Snapshot

	named map[string]string // names by ID
}

// Thread returns the thread of a name, nil when there is none.
func (s *State) Thread(name string) *Thread {
	for i := range s.Threads {
		if s.Threads[i].Name == name {
			return &s.Threads[i]
		}
	}
	return nil
}

// Movable are the names of the threads that can be moved, sorted.
func (s *State) Movable() []string {
	var list []string
	for _, t := range s.Threads {
		if t.Status == Ready {
			list = append(list, t.Name)
		}
	}
	return list
}

// AllDone says that every thread has ended.
func (s *State) AllDone() bool {
	return !slices.ContainsFunc(s.Threads, func(t Thread) bool { return t.Status != Done })
}

// Names gives the threads of a snapshot their names, by ID. A helper whose
// maker is not known is named by its ID.
func Names(snap *kernel.Snapshot) map[string]string {
	list := map[string]string{}
	children := map[string]int{}
	for _, t := range snap.Threads {
		list[t.ID] = t.ID
		if parent, ok := list[t.Parent]; ok && t.Parent != "" && t.Task == "" {
			children[parent]++
			list[t.ID] = parent + "/" + itoa(children[parent])
		}
	}
	return list
}

// state reads a snapshot.
func (w *Walker) state(snap *kernel.Snapshot) *State {
	s := &State{Snapshot: snap, Permits: snap.Permits, named: Names(snap), Threads: make([]Thread, 0, len(snap.Threads))}
	for i := range snap.Threads {
		t := &snap.Threads[i]
		w.tasks[t.ID] = t.Task != ""
		if w.ended[t.ID] {
			continue
		}
		one := Thread{Name: s.named[t.ID], ID: t.ID, Task: t.Task, At: w.at[t.ID], Status: Ready, made: i}
		switch t.Status {
		case "blocked":
			one.Status, one.Waits = Waits, t.Waits
		case "held":
			one.Status = Held
		case "done":
			one.Status, one.Result, one.Killed, one.Verdict = Done, t.Result, t.Killed, t.Verdict
		}
		s.Threads = append(s.Threads, one)
	}
	slices.SortFunc(s.Threads, func(a, b Thread) int { return strings.Compare(a.Name, b.Name) })
	s.Modules = slices.Clone(snap.Modules)
	slices.SortFunc(s.Modules, func(a, b kernel.ModuleState) int { return strings.Compare(a.Name, b.Name) })
	return s
}

// Event is an event as two targets can both show it: without time, numbers of
// processes and requests, and free text.
type Event struct {
	Thread string      `json:"thread"` // its name, see Thread
	Point  string      `json:"point"`
	Module string      `json:"module,omitempty"`
	State  trace.State `json:"state,omitempty"`
	Name   string      `json:"name,omitempty"`
	Ret    *int64      `json:"ret,omitempty"`
	Refs   *int64      `json:"refs,omitempty"`
}
