package tui

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// fakeTarget is a kernel in memory that plays loads and unloads of a small
// tree, step by step, with the events a VM would send. A pause between steps
// lets a person watch; tests leave it at zero.
type fakeTarget struct {
	name  string
	log   *trace.Log
	pause time.Duration

	mu      sync.Mutex
	mods    map[string]*kernel.Module
	clock   int64
	pid     int
	dead    error
	stuck   chan struct{} // not nil: Modules blocks until it is closed
	lists   int           // calls of Modules
	asking  int           // calls of Modules under way
	atOnce  int           // the most there were
	unarmed kernel.Op     // an operation it cannot do
}

// tree is what each module of the small tree depends on.
var tree = map[string][]string{
	"ext4": {"crc16", "crc32c_generic", "jbd2", "mbcache"}, "jbd2": {"crc32c_generic"},
	"crc16": nil, "mbcache": nil, "crc32c_generic": nil,
	"nf_tables": {"libcrc32c", "nfnetlink"}, "libcrc32c": {"crc32c_generic"}, "nfnetlink": nil,
	"snd_hda_intel": {"snd_hda_codec", "snd_intel_dspcfg", "snd_pcm", "snd"}, "snd_hda_codec": {"snd_hda_core", "snd_pcm", "snd"},
	"snd_hda_core": {"snd_pcm"}, "snd_pcm": {"snd_timer", "snd"}, "snd_timer": {"snd"}, "snd": {"soundcore"},
	"soundcore": nil, "snd_intel_dspcfg": nil, "squashfs": nil, "virtio_blk": {"virtio_ring", "virtio"},
	"virtio": nil, "virtio_ring": {"virtio"}, "virtio_pci": {"virtio_ring", "virtio"}, "dm_mod": nil, "loop": nil,
}

var sizes = map[string]int64{
	"ext4": 983040, "jbd2": 184320, "snd_hda_codec": 200704, "snd_pcm": 159744, "squashfs": 77824, "snd": 126976,
	"nf_tables": 311296, "dm_mod": 184320, "virtio_ring": 53248, "crc16": 12288, "soundcore": 16384,
}

func newFake(loaded ...string) *fakeTarget {
	t := &fakeTarget{name: "vm:6.12", log: trace.NewLog(20000), mods: map[string]*kernel.Module{}, clock: 4_211_300_000, pid: 310}
	for _, name := range loaded {
		t.insert(name, trace.Live)
	}
	return t
}

// insert puts a module on the list and its dependencies before it.
func (t *fakeTarget) insert(name string, st trace.State) {
	for _, dep := range tree[name] {
		if t.mods[dep] == nil {
			t.insert(dep, trace.Live)
		}
	}
	size := sizes[name]
	if size == 0 {
		size = 20480
	}
	m := &kernel.Module{Name: name, State: st, Size: size}
	if name == "dm_mod" {
		m.Taints = "OE"
	}
	t.mods[name] = m
	for _, dep := range tree[name] {
		t.mods[dep].Users = append(t.mods[dep].Users, name)
		t.mods[dep].Refs++
	}
}

func (t *fakeTarget) remove(name string) {
	delete(t.mods, name)
	for _, dep := range tree[name] {
		d := t.mods[dep]
		d.Users = slices.DeleteFunc(d.Users, func(u string) bool { return u == name })
		d.Refs--
	}
}

func (t *fakeTarget) event(e trace.Event) {
	t.clock += 731_000
	e.Time = t.clock
	if e.Thread == (trace.Thread{}) {
		e.Thread = trace.Thread{PID: t.pid, Comm: "modprobe"}
	}
	t.log.Append(e)
}

func (t *fakeTarget) step(ctx context.Context) error {
	if t.pause > 0 && !sleep(ctx, t.pause) {
		return ctx.Err()
	}
	return ctx.Err()
}

func (t *fakeTarget) locked(f func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f()
}

// load plays the steps of one load, dependencies first.
func (t *fakeTarget) load(ctx context.Context, name string, steps *[]kernel.Step) error {
	deps, ok := tree[name]
	if !ok {
		return &kernel.LoadError{Op: "resolve", Module: name, Err: kernel.ErrNotFound}
	}
	for _, d := range deps {
		if err := t.load(ctx, d, steps); err != nil {
			return err
		}
	}
	var there bool
	t.locked(func() { there = t.mods[name] != nil })
	if there {
		*steps = append(*steps, kernel.Step{Module: name, Action: "skip", Because: "live already"})
		return nil
	}
	t.locked(func() {
		t.event(trace.Event{Point: trace.PointInsert, Module: name, Detail: "kernel/" + name + ".ko", Source: "helper"})
		t.insert(name, trace.Coming)
		t.event(trace.Event{Point: "L12", Module: name, State: trace.Coming, Source: "tracefs"})
	})
	if err := t.step(ctx); err != nil {
		return err
	}
	t.locked(func() {
		t.event(trace.Event{Point: "W4", Module: name, State: trace.Coming, Source: "tracefs"})
	})
	if err := t.step(ctx); err != nil {
		return err
	}
	t.locked(func() {
		t.mods[name].State = trace.Live
		t.event(trace.Event{Point: "L18", Module: name, State: trace.Live, Source: "tracefs"})
		t.event(trace.Event{Point: trace.PointInserted, Module: name, Ret: trace.Int(0), Source: "helper"})
	})
	*steps = append(*steps, kernel.Step{Module: name, Action: "insert", Took: 2_193_000})
	return nil
}

func (t *fakeTarget) Name() string { return t.name }

func (t *fakeTarget) Can(op kernel.Op) error {
	if op == t.unarmed {
		return &kernel.UnsupportedError{Target: t.name, Op: op, Why: "it is a recording", Try: []string{"vm:6.12"}}
	}
	return nil
}

func (t *fakeTarget) Info(context.Context) (kernel.Info, error) {
	return kernel.Info{Target: t.name, Release: "6.12.117+deb12-amd64", Machine: "x86_64", CPUs: 2}, nil
}

func (t *fakeTarget) Tree() (kernel.Tree, error) {
	return kernel.Tree{}, &kernel.UnsupportedError{Target: t.name, Op: kernel.OpTree, Why: "it has no files"}
}

func (t *fakeTarget) Modules(ctx context.Context) ([]kernel.Module, error) {
	t.mu.Lock()
	t.lists++
	t.asking++
	t.atOnce = max(t.atOnce, t.asking)
	stuck := t.stuck
	t.mu.Unlock()
	defer t.locked(func() { t.asking-- })
	if stuck != nil {
		select {
		case <-stuck:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.dead != nil {
		return nil, t.dead
	}
	var out []kernel.Module
	for _, m := range t.mods {
		c := *m
		c.Users = slices.Clone(m.Users)
		slices.Sort(c.Users)
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

func (t *fakeTarget) Load(ctx context.Context, req kernel.LoadRequest) (kernel.LoadResult, error) {
	r := kernel.LoadResult{Name: req.Name, Modules: []string{req.Name}, Verdict: kernel.Failed, State: trace.Absent}
	t.pid++
	if err := t.load(ctx, kernel.Normalize(req.Name), &r.Steps); err != nil {
		return r, err
	}
	r.Verdict, r.State, r.Took = kernel.OK, trace.Live, 9_412_000
	t.locked(func() {
		t.event(trace.Event{Point: trace.PointExit, Module: req.Name, Ret: trace.Int(0), Source: "helper"})
	})
	return r, nil
}

func (t *fakeTarget) Unload(ctx context.Context, req kernel.UnloadRequest) (kernel.UnloadResult, error) {
	r := kernel.UnloadResult{Name: req.Name, State: trace.Live}
	var err error
	t.locked(func() {
		m := t.mods[req.Name]
		switch {
		case m == nil:
			err = &kernel.LoadError{Op: "remove", Module: req.Name, Errno: syscall.ENOENT}
		case len(m.Users) > 0:
			err = &kernel.LoadError{Op: "remove", Module: req.Name, Errno: syscall.EWOULDBLOCK, Log: []string{fmt.Sprint("used by ", m.Users)}}
		default:
			m.State, m.Refs = trace.Going, -1
			t.event(trace.Event{Point: "U3", Module: req.Name, State: trace.Going, Source: "tracefs"})
		}
	})
	if err != nil {
		return r, err
	}
	if err := t.step(ctx); err != nil {
		return r, err
	}
	t.locked(func() {
		t.remove(req.Name)
		t.event(trace.Event{Point: trace.PointModuleFree, Module: req.Name, State: trace.Absent, Source: "tracefs"})
	})
	r.State = trace.Absent
	r.Steps = []kernel.Step{{Module: req.Name, Action: "remove", Took: 801_000}}
	return r, nil
}

func (t *fakeTarget) Request(context.Context, string) (kernel.RequestResult, error) {
	return kernel.RequestResult{}, &kernel.UnsupportedError{Target: t.name, Op: kernel.OpRequest, Why: "nothing in it asks"}
}

func (t *fakeTarget) Log(context.Context, int) ([]string, error) {
	return []string{"[    4.2] ext4: loading", "[    4.3] \x1b[2Jhostile line"}, nil
}

func (t *fakeTarget) Events() *trace.Log { return t.log }

func (t *fakeTarget) Sync(context.Context) error { return nil }

func (t *fakeTarget) Err() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.dead
}

// die is a kernel panic.
func (t *fakeTarget) die() {
	t.locked(func() {
		t.dead = &kernel.DeadError{Target: t.name, Blame: kernel.BlameKernel, What: "kernel panic", Console: []string{
			"BUG: unable to handle page fault for address: ffffffffc0a1b000", "Kernel panic - not syncing: Fatal exception",
		}}
	})
	t.log.Close()
}

func (t *fakeTarget) Close() error {
	t.locked(func() { t.dead = kernel.ErrClosed })
	t.log.Close()
	return nil
}

var _ kernel.Target = (*fakeTarget)(nil)

// booted is a target as it is some seconds after a boot.
func booted() *fakeTarget { return newFake("virtio_blk", "virtio_pci", "squashfs", "dm_mod", "loop") }
