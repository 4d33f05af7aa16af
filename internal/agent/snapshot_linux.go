package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

const sysModule = "/sys/module"

// doSnapshot tells all there is to see in the guest.
func (d *debugger) doSnapshot(ctx context.Context, raw json.RawMessage) (any, error) {
	a, err := args[wire.Tell](raw)
	if err != nil {
		return nil, err
	}
	if a.Look == nil {
		a.Look = new(wire.Look)
	}
	return d.look(ctx, a.Since, *a.Look)
}

// look takes a snapshot, with the threads that have changed after a version.
func (d *debugger) look(ctx context.Context, since uint64, a wire.Look) (s wire.Snapshot, err error) {
	s = wire.Snapshot{UMH: "enabled", Policy: d.getPolicy(), Helper: d.helperText(), Taints: taints()}
	modules := []kernel.ModuleState{}
	s.Modprobe, _ = readLine(modprobeSysctl)
	if s.Listed, err = listed(); err != nil {
		return s, err
	}
	var names []string
	for _, m := range s.Listed {
		names = append(names, m.Name)
	}
	d.mu.Lock()
	d.hidden.look(names)
	s.HidesAddresses, s.HidesSections = d.hidden.addresses, d.hidden.sections
	d.mu.Unlock()
	if dr := d.driver(); dr != nil {
		if modules, err = dr.fill(ctx, &s); err != nil {
			return s, err
		}
		if s.Allocated, err = dr.allocated(ctx, modules); err != nil {
			return s, err
		}
	} else {
		for _, m := range s.Listed {
			modules = append(modules, moduleState(m))
		}
	}
	d.steps.loaders(modules)
	linkUses(modules)
	s.Dirs = otherDirs(modules)
	s.Log, s.LogSeq = d.log.after(a.LogSeq)
	s.LogAhead = int64(d.log.ahead)
	d.steps.mu.Lock()
	s.Faults = slices.Clone(d.steps.faults.list)
	d.steps.mu.Unlock()
	s.Threads, err = d.threads(ctx, since, nil)
	d.told.shorten(&s, modules, a.Seen)
	return s, err
}

// listed is the module list in the order of /proc/modules.
func listed() ([]kernel.Module, error) {
	f, err := os.Open("/proc/modules")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return kernel.ParseModules(f)
}

// moduleState is what user space sees of a module.
func moduleState(m kernel.Module) kernel.ModuleState {
	s := kernel.ModuleState{
		Name: m.Name, State: m.State, Refs: m.Refs, Users: slices.Clone(m.Users), Uses: []string{}, Files: []string{},
		Taints: m.Taints,
	}
	dir := filepath.Join(sysModule, m.Name)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return s
	}
	s.Dir = true
	for _, e := range entries {
		s.Files = append(s.Files, e.Name())
	}
	if text, err := readLine(dir + "/initstate"); err == nil {
		s.Initstate = trace.ParseInitstate(text)
	}
	params, _ := os.ReadDir(dir + "/parameters")
	for _, p := range params {
		if v, err := readLine(filepath.Join(dir, "parameters", p.Name())); err == nil {
			s.Params = append(s.Params, p.Name()+"="+cleanText(v, 256))
		}
	}
	return s
}

// fill fills in what only the driver knows: the modules that /proc/modules hides
// too, each in its true state, and the permits.
func (d *driver) fill(ctx context.Context, s *wire.Snapshot) (modules []kernel.ModuleState, err error) {
	list, err := d.state(ctx)
	if err != nil {
		return nil, err
	}
	rows := make(map[string]kernel.Module, len(s.Listed))
	for _, m := range s.Listed {
		rows[m.Name] = m
	}
	if umh := umhOf(list); umh != "" {
		s.UMH = umh
	}
	for _, e := range list {
		switch e.Kind {
		case inject.Module:
			name := cleanText(e.Module, kernelName)
			row, ok := rows[name]
			if !ok {
				row = kernel.Module{Name: name, Refs: e.Refs}
			}
			m := moduleState(row)
			m.State, m.Refs = e.State, e.Refs
			modules = append(modules, m)
		case inject.Permits:
			s.Permits = kernel.Permits{Used: max(0, e.Used), Max: e.Limit, Waiting: e.Waiting}
			if e.Waiting < 0 { // a wait queue, before 6.4, tells no number
				s.Permits.Waiting = d.steps.waiting(permitWait)
			}
		}
	}
	return modules, nil
}

// linkUses fills in what each module uses, by what uses each.
func linkUses(list []kernel.ModuleState) {
	index := make(map[string]int, len(list))
	for i, m := range list {
		index[m.Name] = i
		if m.Users == nil {
			list[i].Users = []string{}
		}
	}
	for _, m := range list {
		for _, user := range m.Users {
			if i, ok := index[user]; ok {
				list[i].Uses = append(list[i].Uses, m.Name)
			}
		}
	}
}

// otherDirs are the directories of code that is no module.
func otherDirs(modules []kernel.ModuleState) []string {
	entries, _ := os.ReadDir(sysModule)
	list := make([]string, 0, len(entries))
	for _, e := range entries {
		if !slices.ContainsFunc(modules, func(m kernel.ModuleState) bool { return m.Name == e.Name() }) {
			list = append(list, e.Name())
		}
	}
	return list
}

// taints are the letters of the flags that are set.
func taints() string {
	text, err := readLine("/proc/sys/kernel/tainted")
	if err != nil {
		return ""
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return ""
	}
	return kernel.Taints(n)
}

// judge has the verdict on a request that has returned ret.
func judgeRequest(name string, ret int64) (kernel.Verdict, trace.State, error) {
	l, closeTree, err := openTreeLoader()
	if err != nil {
		return "", "", err
	}
	defer closeTree()
	var reported error
	if ret != 0 {
		reported = errRet(ret)
	}
	return kmod.Verify(l.Resolver, l.Kernel, name, reported)
}

// errRet is what request_module returned that was not 0.
type errRet int64

func (e errRet) Error() string { return "request_module returned " + strconv.FormatInt(int64(e), 10) }
