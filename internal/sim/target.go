package sim

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
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

	mu     sync.Mutex
	world  *World
	shown  int // events already in log
	serial int
	closed bool
}

// Open makes the target "sim:PROFILE", such as "sim:v6.12" or
// "sim:v4.9,kmod-max=2"; an empty profile is the newest.
func Open(profile string) (*Target, error) {
	p, err := ParseProfile(profile)
	if err != nil {
		return nil, err
	}
	sys, err := TeachingSystem()
	if err != nil {
		return nil, err
	}
	name := "sim:" + profile
	if profile == "" {
		name = "sim:" + p.Name
	}
	return &Target{name: name, sys: sys, log: trace.NewLog(eventsKept), world: sys.Boot(p)}, nil
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
	w := t.world
	used, limit := w.Permits()
	info := kernel.Info{
		Target: t.name, Release: t.sys.release, Version: "simulated, profile " + w.Profile.Name, Machine: "x86_64",
		Modprobe: w.ModprobePath, Uptime: w.Now(), Modules: len(w.list), CPUs: 1,
		Facts: []kernel.Fact{
			{Name: "steps", Value: fmt.Sprint(w.steps)},
			{Name: "permits", Value: fmt.Sprintf("%d of %d in use", used, limit)},
		},
	}
	for _, s := range Switches() {
		info.Facts = append(info.Facts, kernel.Fact{Name: s.Name, Value: w.Profile.Get(s.Name)})
	}
	return info, nil
}

// Tree implements kernel.Target.
func (t *Target) Tree() (kernel.Tree, error) {
	return kernel.Tree{Dir: "/lib/modules/" + t.sys.release, Release: t.sys.release, FS: t.sys.fs}, nil
}

// Modules implements kernel.Target.
func (t *Target) Modules(context.Context) ([]kernel.Module, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil, kernel.ErrClosed
	}
	list, err := kernel.ParseModules(strings.NewReader(t.world.ProcModules()))
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, err
}

// Load implements kernel.Target.
func (t *Target) Load(ctx context.Context, req kernel.LoadRequest) (res kernel.LoadResult, err error) {
	runErr := t.run(ctx, "load", func(th *Thread) {
		if req.Policy == "" {
			req.Policy = t.world.Policy
		}
		res, err = t.sys.Loader(th).Load(ctx, req)
	})
	return res, errors.Join(err, runErr)
}

// Unload implements kernel.Target.
func (t *Target) Unload(ctx context.Context, req kernel.UnloadRequest) (res kernel.UnloadResult, err error) {
	runErr := t.run(ctx, "unload", func(th *Thread) {
		res, err = t.sys.Loader(th).Unload(ctx, req)
	})
	return res, errors.Join(err, runErr)
}

// Request implements kernel.Target: a kernel thread calls request_module().
func (t *Target) Request(ctx context.Context, name string) (kernel.RequestResult, error) {
	res := kernel.RequestResult{Name: name, Trigger: "a kernel thread that calls request_module()", Asked: []string{name}, Helpers: []kernel.Helper{}, Modules: []string{}}
	if err := kernel.CheckAlias(name); err != nil {
		return res, err
	}
	var ret int64
	var first int
	err := t.run(ctx, "request", func(th *Thread) {
		first = len(th.w.threads)
		start := th.w.now
		ret = th.RequestModule(name, true)
		res.Took = th.w.now - start
		var reported error
		if ret != 0 {
			reported = fmt.Errorf("request_module returned %d", ret)
		}
		res.Verdict, res.State, _ = kmod.Verify(t.sys.resolver, view{th, t.sys.release}, name, reported)
	})
	if err != nil {
		return res, err
	}
	t.mu.Lock()
	for _, th := range t.world.threads[first:] {
		h := kernel.Helper{PID: th.PID, Args: []string{t.world.ModprobePath, "-q", "--", name}, Exit: -1}
		if th.status == Done {
			h.Exit = int(th.exit >> 8)
		}
		res.Helpers = append(res.Helpers, h)
	}
	t.mu.Unlock()
	if found, err := t.sys.resolver.Resolve(name); err == nil {
		for _, f := range found {
			res.Modules = append(res.Modules, f.Module)
		}
	}
	if ret < 0 {
		res.Errno = kernel.ErrnoName(errnoOf(ret))
	}
	return res, nil
}

// run spawns a thread for body and steps the world until it has ended: the
// thread first, then whoever else can move, then the clock.
func (t *Target) run(ctx context.Context, what string, body func(*Thread)) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return kernel.ErrClosed
	}
	w := t.world
	t.serial++
	th := w.Spawn(fmt.Sprintf("%s-%d", what, t.serial), "kmodsh", func(th *Thread) int64 { body(th); return 0 })
	defer t.publish()
	var buf []*Thread
	for th.status != Done {
		if err := ctx.Err(); err != nil {
			w.Signal(th, SIGKILL)
			for th.status == Ready && w.Step(th) {
			}
			return err
		}
		buf = w.Runnable(buf[:0])
		switch {
		case th.status == Ready:
			w.Step(th)
		case len(buf) > 0:
			w.Step(buf[0])
		case !w.Advance():
			return fmt.Errorf("%s: %s waits for %s, and nobody can move any more", t.name, th.ID, th.WaitsFor())
		}
		t.publish()
	}
	return nil
}

// publish puts new events into the log.
func (t *Target) publish() {
	for _, e := range t.world.events[t.shown:] {
		t.log.Append(e)
	}
	t.shown = len(t.world.events)
}

// Log implements kernel.Target.
func (t *Target) Log(_ context.Context, n int) ([]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := t.world.log
	if n > 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return slices.Clone(lines), nil
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
		t.world.Close()
		t.log.Close()
	}
	return nil
}
