package lab

import (
	"bufio"
	"context"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// logShown is how many lines of the kernel's log a snapshot holds.
const logShown = 1000

// Snapshot implements kernel.Debugger.
func (t *target) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return t.snapshot(ctx)
}

// snapshot is Snapshot with the machine taken.
func (t *target) snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	d := &t.debug
	d.wanted = true
	w := d.seen
	if w == nil || d.restless() || d.seenAside != d.aside.Load() {
		s, err := t.look(ctx)
		if err != nil {
			return nil, err
		}
		w = &s
	}
	s := &kernel.Snapshot{
		Target: t.name, Kernel: Series(t.boot.Kernel.Release), Pos: d.pos, End: len(d.actions), Now: d.now, AllDone: true,
		Modules: slices.Clone(d.view.modules), Listed: d.view.listed, Threads: make([]kernel.ThreadState, 0, len(d.threads)),
		Permits: w.Permits, UMH: w.UMH, Modprobe: w.Modprobe, Policy: w.Policy, Helper: w.Helper, Taints: w.Taints,
		Faults: w.Faults, Leaks: append([]kernel.Allocation{}, d.view.alloc...), Log: t.log.last(logShown),
		LogAhead: w.LogAhead, HidesAddresses: w.HidesAddresses, HidesSections: w.HidesSections,
		IsBuiltin: t.builtinNames(), Moves: kernel.MovesTo(d.moves, len(d.actions)),
	}
	s.Events, _ = t.events.After(0, 0)
	dirs := d.view.dirs
	s.HasDir = func(name string) bool { return slices.Contains(dirs, name) }
	can, waits, held := false, false, false
	for i := range d.threads {
		th := &d.threads[i]
		s.Threads = append(s.Threads, th.ThreadState)
		s.AllDone = s.AllDone && th.Done
		can = can || ready(th) || th.Timed
		waits = waits || th.Status == "blocked"
		held = held || th.Status == "held"
	}
	s.Deadlock = waits && !can && !held
	for i := range s.Modules {
		m := &s.Modules[i]
		for _, l := range s.Listed {
			if l.Name == m.Name {
				m.Address, _ = strconv.ParseUint(strings.TrimPrefix(l.Address, "0x"), 16, 64)
			}
		}
	}
	return s, nil
}

// restless says whether the guest may soon be another one though nobody moves a
// thread of it.
func (d *debugging) restless() bool {
	return slices.ContainsFunc(d.threads, func(t wire.Thread) bool { return t.Timed })
}

// builtinNames says which modules are in the kernel image, by the index of the
// tree.
func (t *target) builtinNames() func(string) bool {
	if t.debug.builtin == nil {
		names := map[string]bool{}
		if f, err := os.Open(filepath.Join(t.boot.Kernel.Modules, "modules.builtin")); err == nil {
			lines := bufio.NewScanner(io.LimitReader(f, maxBuiltin))
			for lines.Scan() {
				if base, ok := strings.CutSuffix(path.Base(strings.TrimSpace(lines.Text())), ".ko"); ok {
					names[kernel.Normalize(base)] = true
				}
			}
			f.Close()
		}
		t.debug.builtin = func(name string) bool { return names[name] }
	}
	return t.debug.builtin
}

// maxBuiltin bounds modules.builtin in bytes; a distribution's has about 1 MB.
const maxBuiltin = 16 << 20
