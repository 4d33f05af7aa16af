package sim

import (
	"context"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// killedStatus is the wait status of a process that SIGKILL ended.
const killedStatus = 9

// logShown is how many lines of the kernel's log a snapshot holds.
const logShown = 1000

// Snapshot implements kernel.Debugger.
func (t *Target) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	if err := t.lock(ctx); err != nil {
		return nil, err
	}
	defer t.mu.Unlock()
	return t.snapshot(), nil
}

// snapshot is Snapshot with t.mu held.
func (t *Target) snapshot() *kernel.Snapshot {
	s := t.run.world.Snapshot(t.run.out)
	s.Target, s.Pos, s.End, s.Moves = t.name, t.run.Pos(), t.run.Len(), t.run.Moves()
	return s
}

// Snapshot returns all there is to see of the world; out is what became of the
// tasks of its spawned threads, by thread.
func (w *World) Snapshot(out map[string]*Outcome) *kernel.Snapshot {
	used, limit := w.Permits()
	s := &kernel.Snapshot{
		Now: w.now, AllDone: true, Kernel: strings.TrimPrefix(w.Profile.Name, "v"),
		Modules: make([]kernel.ModuleState, 0, len(w.list)),
		Threads: make([]kernel.ThreadState, 0, len(w.threads)),
		Permits: kernel.Permits{Used: used, Max: limit, Waiting: w.permits.waiting()},
		UMH:     string(w.UMH), Modprobe: w.ModprobePath, Policy: w.Policy, Helper: w.helperText(),
		Taints: w.taints, Faults: w.Faults(), Leaks: []kernel.Allocation{},
		// What has happened does not change, so that the events can be shared.
		Events:    w.events[:len(w.events):len(w.events)],
		Log:       slices.Clone(w.log[max(0, len(w.log)-logShown):]),
		IsBuiltin: func(name string) bool { return w.builtins[name] },
	}
	if s.Policy == "" {
		s.Policy = "verified"
	}
	s.HidesAddresses, s.HidesSections = w.Profile.HideAddresses, w.Profile.HideSections
	dirs := w.dirs
	s.HasDir = func(name string) bool { return dirs[name] }
	s.Listed, _ = kernel.ParseModules(strings.NewReader(w.ProcModules()))
	for _, m := range w.list {
		s.Modules = append(s.Modules, m.snapshot())
	}
	can, waits, held := false, false, false
	for _, th := range w.threads {
		s.Threads = append(s.Threads, th.snapshot(out[th.ID]))
		s.AllDone = s.AllDone && th.status == Done
		can = can || th.status == Ready || th.status == Blocked && th.wait.deadline > 0
		waits = waits || th.status == Blocked
		held = held || th.status == Held
	}
	s.Deadlock = waits && !can && !held
	for _, e := range w.ledger.open {
		s.Leaks = append(s.Leaks, kernel.Allocation{Kind: string(e.Kind), Module: e.Module, Thread: e.Thread, Detail: e.Detail, Point: e.Point, Leaked: e.m.freed})
	}
	return s
}

// waiting is how many requests wait for a permit.
func (p *permits) waiting() int { return max(len(p.queued), len(p.q.sleepers)) }

func (m *Module) snapshot() kernel.ModuleState {
	s := kernel.ModuleState{
		Name: m.Name, State: m.State, Refs: m.ShownRefs(), Uses: names(m.Uses), Users: names(m.Users),
		Dir: m.Sysfs.Dir, Files: m.Sysfs.List(), Taints: m.Taints, Address: m.address(),
	}
	if m.Sysfs.Dir && m.Sysfs.Initstate() {
		s.Initstate = m.State
	}
	if m.Loader != nil {
		s.Loader = m.Loader.ID
	}
	for _, a := range m.Args {
		s.Params = append(s.Params, a.Name+"="+a.Value)
	}
	return s
}

func names(list []*Module) []string {
	out := make([]string, len(list))
	for i, m := range list {
		out[i] = m.Name
	}
	return out
}

func (t *Thread) snapshot(o *Outcome) kernel.ThreadState {
	s := kernel.ThreadState{
		ID: t.ID, PID: t.PID, Comm: t.Comm, Status: t.status.String(), At: t.at, Request: t.request,
		Waits: t.WaitsFor(), Done: t.status == Done, Result: t.exit,
	}
	if t.status == Blocked {
		s.Until = t.wait.deadline
	}
	if t.Parent != nil {
		s.Parent = t.Parent.ID
	}
	if t.module != nil {
		s.Module = t.module.Name
	}
	if o != nil {
		s.Task = o.Task
		s.Result, s.Killed, s.Verdict, s.Began, s.Ended = o.Ret, o.Killed, o.Verdict, o.Began, o.Ended
		s.Gone = o.Gone
		if o.Killed {
			s.Result = killedStatus
		}
		if o.Err != nil {
			s.Error = o.Err.Error()
		}
	}
	return s
}

// Faults returns the fault plan in force.
func (w *World) Faults() []kernel.Fault {
	list := make([]kernel.Fault, 0, len(w.faults.plan))
	for _, p := range w.faults.plan {
		list = append(list, kernel.Fault{
			Number: p.id, Point: p.Point, Module: p.Module, Thread: p.Thread, Hit: p.Hit,
			Hold: p.Hold, Delay: p.Delay, Fail: int(p.Fail), Hits: p.hits,
		})
	}
	return list
}
