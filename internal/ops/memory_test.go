package ops_test

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

// memory is a kernel in memory, for tests of the verbs: it keeps a module list
// and does with it what a kernel does, as far as the verbs can see.
type memory struct {
	mu      sync.Mutex
	name    string
	tree    kernel.Tree
	deny    map[kernel.Op]string        // operations it cannot do, and why
	catalog map[string][]string         // module or alias -> modules in order of loading
	uses    map[string][]string         // module -> what it uses
	bad     map[string]kernel.LoadError // modules the kernel refuses
	modules map[string]*kernel.Module
	log     []string
	events  *trace.Log
	clock   int64
	down    error
}

func newMemory(name string) *memory {
	return &memory{
		name: name, deny: map[kernel.Op]string{},
		catalog: map[string][]string{}, uses: map[string][]string{},
		bad: map[string]kernel.LoadError{}, modules: map[string]*kernel.Module{},
		events: trace.NewLog(64),
	}
}

func (m *memory) Name() string { return m.name }

func (m *memory) Can(op kernel.Op) error {
	if why, ok := m.deny[op]; ok {
		return &kernel.UnsupportedError{Target: m.name, Op: op, Why: why, Try: []string{"vm:6.12"}}
	}
	return nil
}

func (m *memory) Info(context.Context) (kernel.Info, error) {
	return kernel.Info{
		Target: m.name, Release: "6.1.0-test", Machine: "x86_64", Modprobe: "/sbin/modprobe",
		Uptime: 90 * time.Second, Modules: len(m.modules), CPUs: 2, Memory: 512 << 20,
		Facts: []kernel.Fact{{Name: "accelerator", Value: "none, it is a test"}},
	}, nil
}

func (m *memory) Tree() (kernel.Tree, error) {
	if m.tree.Dir == "" {
		return kernel.Tree{}, m.Can(kernel.OpTree)
	}
	return m.tree, nil
}

func (m *memory) Modules(context.Context) ([]kernel.Module, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []kernel.Module
	for _, mod := range m.modules {
		list = append(list, *mod)
	}
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, m.down
}

func (m *memory) event(e trace.Event) {
	m.clock += 1_250_000
	e.Time = m.clock
	m.events.Append(e)
}

func (m *memory) insert(name, params string) (kernel.Step, error) {
	step := kernel.Step{Module: name, File: "kernel/" + name + ".ko", Action: "insert", Params: params, Took: 1_500_000}
	if m.modules[name] != nil {
		step.Action, step.Because, step.Took = "skip", "live already", 0
		return step, nil
	}
	m.event(trace.Event{Point: trace.PointInsert, Module: name, Detail: step.File, Thread: trace.Thread{PID: 77, Comm: "modprobe"}})
	if e, ok := m.bad[name]; ok {
		e.Op, e.Module, e.File = "insert", name, step.File
		step.Errno, step.Log = kernel.ErrnoName(e.Errno), e.Log
		m.log = append(m.log, e.Log...)
		m.event(trace.Event{Point: trace.PointInserted, Module: name, Ret: trace.Int(-int64(e.Errno))})
		return step, &e
	}
	m.modules[name] = &kernel.Module{Name: name, State: trace.Live, Size: 4096 * int64(len(name)), Users: []string{}}
	for _, u := range m.uses[name] {
		m.modules[u].Users = append(m.modules[u].Users, name)
		m.modules[u].Refs++
	}
	m.event(trace.Event{Point: trace.PointModuleLoad, Module: name, State: trace.Coming, Source: "tracefs"})
	m.event(trace.Event{Point: trace.PointInserted, Module: name, State: trace.Live, Ret: trace.Int(0)})
	return step, nil
}

func (m *memory) Load(_ context.Context, req kernel.LoadRequest) (kernel.LoadResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	names := m.catalog[req.Name]
	if names == nil {
		return kernel.LoadResult{}, fmt.Errorf("%s: %w in the module tree", req.Name, kernel.ErrNotFound)
	}
	last := names[len(names)-1]
	res := kernel.LoadResult{Name: req.Name, Modules: []string{last}, Verdict: kernel.OK, State: trace.Live}
	if req.First && m.modules[last] != nil {
		res.Verdict = kernel.Failed
		return res, &kernel.LoadError{Op: "insert", Module: last, Errno: syscall.EEXIST}
	}
	for _, n := range names {
		params := ""
		if n == last {
			params = strings.Join(req.Params, " ")
		}
		step, err := m.insert(n, params)
		if n != last && step.Because == "" {
			step.Because = "needed by " + last
		}
		res.Steps = append(res.Steps, step)
		res.Took += step.Took
		if err != nil {
			res.Verdict, res.State = kernel.Failed, trace.Absent
			return res, err
		}
	}
	return res, nil
}

func (m *memory) Unload(_ context.Context, req kernel.UnloadRequest) (kernel.UnloadResult, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	name := kernel.Normalize(req.Name)
	res := kernel.UnloadResult{Name: name, State: trace.Absent}
	mod := m.modules[name]
	step := kernel.Step{Module: name, Action: "remove", Took: 800_000}
	errno := syscall.Errno(0)
	switch {
	case mod == nil:
		errno = syscall.ENOENT
	case mod.Refs > 0:
		errno, res.State = syscall.EAGAIN, mod.State
	}
	if errno != 0 {
		step.Errno = kernel.ErrnoName(errno)
		res.Steps = append(res.Steps, step)
		return res, &kernel.LoadError{Op: "remove", Module: name, Errno: errno}
	}
	delete(m.modules, name)
	for _, u := range m.uses[name] {
		m.modules[u].Users = slices.DeleteFunc(m.modules[u].Users, func(s string) bool { return s == name })
		m.modules[u].Refs--
	}
	m.event(trace.Event{Point: trace.PointModuleFree, Module: name, State: trace.Absent, Source: "tracefs"})
	res.Steps = append(res.Steps, step)
	res.Took = step.Took
	return res, nil
}

func (m *memory) Request(ctx context.Context, name string) (kernel.RequestResult, error) {
	load, err := m.Load(ctx, kernel.LoadRequest{Name: name})
	res := kernel.RequestResult{
		Name: name, Trigger: "mount -t " + strings.TrimPrefix(name, "fs-"), Errno: "ENODEV", Asked: []string{name},
		Helpers: []kernel.Helper{{PID: 78, Args: []string{"/sbin/modprobe", "-q", "--", name}}},
		Modules: load.Modules, Verdict: load.Verdict, State: load.State, Took: load.Took,
	}
	if err != nil {
		res.Helpers[0].Exit, res.Verdict, res.State = 1, kernel.Failed, trace.Absent
		return res, nil
	}
	return res, nil
}

func (m *memory) Log(_ context.Context, n int) ([]string, error) {
	if n > 0 && len(m.log) > n {
		return m.log[len(m.log)-n:], nil
	}
	return m.log, nil
}

func (m *memory) Events() *trace.Log         { return m.events }
func (m *memory) Sync(context.Context) error { return nil }
func (m *memory) Err() error                 { return m.down }
func (m *memory) Close() error               { m.events.Close(); return nil }
