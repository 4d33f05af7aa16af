package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// eventsKept is how many events a target keeps for its readers.
const eventsKept = 1 << 16

// Target is a simulated kernel that a person works with: each verb spawns the
// thread that does it and steps it, and whoever it waits for, to its end.
type Target struct {
	name string
	sys  *System
	log  *trace.Log
	// tree is the directory of a real module tree, with its configuration; ""
	// is what comes with kmodsh.
	tree   string
	config []string

	mu     sync.Mutex
	run    *Run
	shown  int // events already in log
	serial int
	last   string // thread that moved last
	closed bool

	track   bool // Touched and StateHash are wanted
	touched bool // a step since it was asked touched what threads share
}

// Open makes the target "sim:PROFILE", such as "sim:v6.12" or
// "sim:v4.9,kmod-max=2"; an empty profile is the newest.
// config are the modprobe.d files or directories of its machine; none: it has
// no configuration.
func Open(profile string, config ...string) (*Target, error) {
	p, err := ParseProfile(profile)
	if err != nil {
		return nil, err
	}
	setup := teachingSetup()
	setup.Config = config
	setup.Release = strings.TrimPrefix(p.Name, "v") + ".0-sim"
	sys, err := Install(setup)
	if err != nil {
		return nil, err
	}
	t := newTarget(targetName(profile, p), sys, NewRun(sys, p))
	t.config = config
	return t, nil
}

// OpenTree is Open with the modules of a real module tree installed, in place
// of those that come with kmodsh; config are its modprobe.d files or
// directories.
func OpenTree(profile, dir string, config ...string) (*Target, error) {
	p, err := ParseProfile(profile)
	if err != nil {
		return nil, err
	}
	sys, err := InstallTree(dir, config...)
	if err != nil {
		return nil, err
	}
	t := newTarget(targetName(profile, p), sys, NewRun(sys, p))
	t.tree, t.config = dir, config
	return t, nil
}

func targetName(profile string, p Profile) string {
	if profile == "" {
		profile = p.Name
	}
	return "sim:" + profile
}

func newTarget(name string, sys *System, run *Run) *Target {
	run.noting = true
	return &Target{name: name, sys: sys, log: trace.NewLog(eventsKept), run: run}
}

// Name implements kernel.Target.
func (t *Target) Name() string { return t.name }

// Can implements kernel.Target: the simulated kernel can do everything.
func (t *Target) Can(kernel.Op) error { return nil }

// Info implements kernel.Target.
func (t *Target) Info(context.Context) (kernel.Info, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return kernel.Info{}, kernel.ErrClosed
	}
	w := t.run.world
	used, limit := w.Permits()
	info := kernel.Info{
		Target: t.name, Release: t.sys.release, Version: "simulated, profile " + w.Profile.Name, Machine: "x86_64", Taint: taintMask(w.taints),
		Modprobe: w.ModprobePath, Uptime: w.Now(), Modules: len(w.list), CPUs: 1,
		Facts: []kernel.Fact{
			{Name: "steps", Value: fmt.Sprint(w.steps)},
			{Name: "permits", Value: fmt.Sprintf("%d of %d in use", used, limit)},
			{Name: "taints", Value: w.Taints()},
			{Name: "usermode helper", Value: fmt.Sprintf("%s, %d calls under way", w.UMH, w.umhCallers)},
			{Name: "uevents", Value: w.lastUevents()},
			{Name: "audit records", Value: strings.Join(w.audit[max(0, len(w.audit)-factsShown):], "; ")},
			{Name: "module stats", Value: w.statsText()},
		},
	}
	for _, s := range Switches() {
		info.Facts = append(info.Facts, kernel.Fact{Name: s.Name, Value: w.Profile.Get(s.Name)})
	}
	return info, nil
}

// factsShown is how many of many things are told of as one fact.
const factsShown = 4

// lastUevents are the last uevents in words, the newest last.
func (w *World) lastUevents() string {
	var list []string
	for _, u := range w.uevents[max(0, len(w.uevents)-factsShown):] {
		list = append(list, fmt.Sprintf("%s %s at %.3f s", u.Action, u.Module, time.Duration(u.Time).Seconds()))
	}
	return strings.Join(list, "; ")
}

// Tree implements kernel.Target.
func (t *Target) Tree() (kernel.Tree, error) {
	if t.tree != "" {
		return kernel.Tree{Dir: t.tree, Release: t.sys.release, Config: t.config}, nil
	}
	return kernel.Tree{Dir: "/lib/modules/" + t.sys.release, Release: t.sys.release, FS: t.sys.fs, Config: t.config}, nil
}

// Damaged implements kernel.Damaged: what any world of the system came across.
func (t *Target) Damaged() []error { return t.sys.damage.List() }

// OpenedWith implements kernel.Opened.
func (t *Target) OpenedWith() kernel.Opening { return kernel.Opening{Config: t.config, Tree: t.tree} }

// Modules implements kernel.Target.
func (t *Target) Modules(context.Context) ([]kernel.Module, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, kernel.ErrClosed
	}
	list, err := kernel.ParseModules(strings.NewReader(t.run.world.ProcModules()))
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// Load implements kernel.Target.
func (t *Target) Load(ctx context.Context, req kernel.LoadRequest) (kernel.LoadResult, error) {
	if req.Jobs > 0 {
		return kernel.NoLoad(req.Name), &kernel.UnsupportedError{
			Target: t.Name(), Op: kernel.OpLoad,
			Why: "a loader of a simulated kernel is one thread, so that a schedule says all that happens: spawn one loader for each of the modules, and any order of their steps can be had",
		}
	}
	o, err := t.do(ctx, Task{Verb: "load", Name: req.Name, Params: req.Params, Policy: req.Policy, First: req.First})
	if o == nil || o.Load == nil {
		return kernel.NoLoad(req.Name), err
	}
	return *o.Load, errors.Join(err, o.Err)
}

// Unload implements kernel.Target.
func (t *Target) Unload(ctx context.Context, req kernel.UnloadRequest) (kernel.UnloadResult, error) {
	o, err := t.do(ctx, Task{Verb: "unload", Name: req.Name, Force: req.Force, Deps: req.Deps, Holders: req.Holders})
	if o == nil || o.Unload == nil {
		return kernel.UnloadResult{Name: req.Name, Steps: []kernel.Step{}}, err
	}
	return *o.Unload, errors.Join(err, o.Err)
}

// Request implements kernel.Target: a kernel thread calls request_module().
func (t *Target) Request(ctx context.Context, name string) (kernel.RequestResult, error) {
	res := kernel.RequestResult{
		Name: name, Trigger: "a kernel thread that calls request_module()", Asked: []string{name},
		Helpers: []kernel.Helper{}, Modules: []string{},
	}
	if err := kernel.CheckAlias(name); err != nil {
		return res, err
	}
	t.mu.Lock()
	first, start := len(t.run.world.threads), t.run.world.now
	t.mu.Unlock()
	o, err := t.do(ctx, Task{Verb: "request", Name: name})
	if err != nil {
		return res, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	res.Verdict, res.State, res.Took = o.Verdict, o.State, t.run.world.now-start
	for _, th := range t.run.world.threads[first:] {
		if th.Parent == nil {
			continue
		}
		h := kernel.Helper{PID: th.PID, Args: []string{t.run.world.ModprobePath, "-q", "--", name}, Exit: -1}
		if th.status == Done {
			h.Exit = int(th.exit >> 8)
		}
		res.Helpers = append(res.Helpers, h)
	}
	if found, err := t.sys.resolverIn(t.run.world).Resolve(name); err == nil {
		for _, f := range found {
			res.Modules = append(res.Modules, f.Module)
		}
	}
	if o.Ret < 0 {
		res.Errno = kernel.ErrnoName(errnoOf(o.Ret))
	}
	return res, nil
}

// do spawns a thread for a task and steps the world until it has ended.
func (t *Target) do(ctx context.Context, k Task) (*Outcome, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, kernel.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.serial++
	id := fmt.Sprintf("%s-%d", k.Verb, t.serial)
	if err := t.run.Do(Action{Kind: DoSpawn, Thread: id, Task: &k}); err != nil {
		return nil, err
	}
	err := t.finish(id)
	t.publish()
	if err != nil {
		err = fmt.Errorf("%s: %w", t.name, err)
	}
	return t.run.Outcome(id), err
}

// publish puts new events into the log.
func (t *Target) publish() {
	t.log.AppendAll(t.run.world.events[t.shown:])
	t.shown = len(t.run.world.events)
}

// Log implements kernel.Target.
func (t *Target) Log(_ context.Context, n int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return kernel.LastLines(t.run.world.log, n), nil
}

// Events implements kernel.Target.
func (t *Target) Events() *trace.Log { return t.log }

// Sync implements kernel.Target: events are in the log as they happen.
func (t *Target) Sync(context.Context) error { return nil }

// Err implements kernel.Target.
func (t *Target) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return kernel.ErrClosed
	}
	return nil
}

// Close implements kernel.Target.
func (t *Target) Close() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.closed {
		t.closed = true
		t.run.Close()
		t.log.Close()
	}
	return nil
}
