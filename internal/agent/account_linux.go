package agent

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

const (
	vmallocFile   = "/proc/vmallocinfo"
	slabFile      = "/proc/slabinfo"
	slabDir       = "/sys/kernel/slab"
	pointerSysctl = "/proc/sys/kernel/kptr_restrict"
	debugDir      = "/sys/kernel/debug"
	kmemleakFile  = debugDir + "/kmemleak"
)

// kmemleakAge is how old an object has to be for the leak detector.
const kmemleakAge = 6 * time.Second

// batchedFree is how long kfree_rcu() may keep what it frees in a batch, for
// which rcu_barrier() does not wait: 5 s, and a little (kernel/rcu/tree.c, 6.1,
// KFREE_DRAIN_JIFFIES). The guest's time is meant, which leaps while all sleep.
const batchedFree = 5500 * time.Millisecond

// accountReadings bounds how often the counts are read until two readings in a
// row agree.
const accountReadings = 6

// doAccount reads what the kernel has allocated, once it has come to rest: what
// RCU was to free is waited for, and the counts are read until they stand still.
func (d *debugger) doAccount(ctx context.Context, _ json.RawMessage) (any, error) {
	var a kernel.Account
	dr := d.driver()
	if _, err := hears(ctx, nil, batchedFree); err != nil {
		return nil, err
	}
	for range accountReadings {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := settleKernel(dr); err != nil {
			return nil, err
		}
		counts, err := readCounts(ctx, dr)
		if err != nil {
			return nil, err
		}
		done := a.Counts != nil && settled(a.Counts, counts)
		if a.Counts = counts; done {
			break
		}
	}
	var err error
	a.Kmemleak, a.HasKmemleak, err = kmemleak(ctx)
	return a, err
}

// settleKernel waits until what the kernel frees late has been freed.
func settleKernel(dr *driver) error {
	if dr != nil {
		return dr.send(inject.Settle{})
	}
	// membarrier(2): waits for a grace period of RCU, which is half of it.
	_, _, errno := unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0)
	if errno != 0 && errno != unix.ENOSYS && errno != unix.EINVAL {
		return errno
	}
	return nil
}

// membarrierGlobal is MEMBARRIER_CMD_GLOBAL of linux/membarrier.h.
const membarrierGlobal = 1

// readCounts reads all counts once.
func readCounts(ctx context.Context, dr *driver) ([]kernel.Count, error) {
	m := memory{percpu: -1}
	if dr != nil {
		var err error
		if m, err = dr.memory(ctx, true); err != nil {
			return nil, err
		}
	}
	slabs, err := readSlabs(m.slabs)
	if err != nil {
		return nil, err
	}
	areas, err := readVmalloc()
	if err != nil {
		return nil, err
	}
	dirs, err := os.ReadDir(sysModule)
	if err != nil {
		return nil, err
	}
	return countsOf(areas, slabs, len(dirs), m.percpu), nil
}

// readVmalloc reads the areas. By default the kernel shows their addresses as
// hashes, also to root; restricted to those with CAP_SYSLOG they are shown as
// they are (lib/vsprintf.c, restricted_pointer). So that is set while it is
// read. Where it cannot be, all but the addresses is right.
func readVmalloc() ([]vmArea, error) {
	if was, err := readLine(pointerSysctl); err == nil && was == "0" && writeFile(pointerSysctl, "1") == nil {
		defer writeFile(pointerSysctl, was)
	}
	f, err := os.Open(vmallocFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseVmalloc(f), nil
}

// readSlabs reads how many objects are in use: those that the driver has
// counted, and by the kernel's own list the others. Of these all objects count
// that a processor works with, until the slab is shrunk.
func readSlabs(counted []slab) ([]slab, error) {
	list, err := slabsNow()
	if err != nil {
		return nil, err
	}
	is := func(a slab) func(slab) bool { return func(b slab) bool { return a.name == b.name } }
	for _, s := range list {
		if slabCounted(s.name) && !slices.ContainsFunc(counted, is(s)) {
			// A kernel without these files counts less exactly, no more.
			writeFile(filepath.Join(slabDir, s.name, "shrink"), "1")
		}
	}
	if list, err = slabsNow(); err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(s slab) bool { return slices.ContainsFunc(counted, is(s)) })
	return append(slices.Clone(counted), list...), nil
}

func slabsNow() ([]slab, error) {
	f, err := os.Open(slabFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseSlabs(f), nil
}

// kmemleak asks the kernel's leak detector, where it has one.
func kmemleak(ctx context.Context) (suspects []string, has bool, err error) {
	if !exists(kmemleakFile) {
		// A kernel without debugfs has no kmemleak either.
		if err := unix.Mount("debugfs", debugDir, "debugfs", 0, ""); err != nil || !exists(kmemleakFile) {
			return nil, false, nil
		}
	}
	// The detector passes over what is younger than 5 s (mm/kmemleak.c,
	// MSECS_MIN_AGE), and takes what is suspected once for a find only at the
	// next scan.
	if _, err := hears(ctx, nil, kmemleakAge); err != nil {
		return nil, true, err
	}
	for range 2 {
		if err := writeFile(kmemleakFile, "scan"); err != nil {
			return nil, true, err
		}
	}
	f, err := os.Open(kmemleakFile)
	if err != nil {
		return nil, true, err
	}
	defer f.Close()
	return parseKmemleak(f), true, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// memory is what the driver alone can tell of what is allocated.
type memory struct {
	areas  map[uint64]inject.Event // by address
	percpu int64                   // bytes of each processor, -1 not told
	slabs  []slab
}

// memory asks the driver, which takes a while for the slabs.
func (d *driver) memory(ctx context.Context, slabs bool) (memory, error) {
	m := memory{areas: map[uint64]inject.Event{}, percpu: -1}
	list, err := d.ask(ctx, inject.Memory{Slabs: slabs})
	for _, e := range list {
		switch {
		case e.Kind == inject.Area:
			m.areas[e.Address] = e
		case e.Kind == inject.Count && e.Name == "percpu":
			m.percpu = int64(e.N)
		case e.Kind == inject.Count && strings.HasPrefix(e.Name, slabPrefix):
			m.slabs = append(m.slabs, slab{kmallocName(cleanText(e.Name[len(slabPrefix):], 64)), int64(e.N)})
		}
	}
	return m, err
}

// allocated is allocations, looked at again when a module has come, gone or
// changed its state, or the threads that moved since have all ended.
func (d *driver) allocated(ctx context.Context, modules []kernel.ModuleState) ([]kernel.Allocation, error) {
	resting, version := d.steps.resting()
	key := strconv.FormatBool(resting)
	if resting {
		key += strconv.FormatUint(version, 10)
	}
	for _, m := range modules {
		key += " " + m.Name + " " + string(m.State)
	}
	d.lastMu.Lock()
	defer d.lastMu.Unlock()
	if d.lastKey == key {
		return d.lastList, nil
	}
	list, err := d.allocations(ctx, resting)
	if err != nil {
		return nil, err
	}
	d.lastKey, d.lastList = key, list
	return list, nil
}

// allocations are the areas of modules' memory, each with its module, and those
// that belong to none. One that belongs to none may be of a load under way, or
// about to be freed; leaked are only those of a kernel that rests.
func (d *driver) allocations(ctx context.Context, resting bool) ([]kernel.Allocation, error) {
	list := []kernel.Allocation{}
	var m memory
	var areas, stray []vmArea
	for try := 0; ; try++ {
		var err error
		// The areas first: a module that comes in between is then owned.
		if areas, err = readVmalloc(); err != nil {
			return nil, err
		}
		if m, err = d.memory(ctx, false); err != nil {
			return nil, err
		}
		owned := make(map[uint64]bool, len(m.areas))
		for at := range m.areas {
			owned[at] = true
		}
		stray = strayAreas(areas, owned)
		if !resting || len(stray) == 0 || try == accountReadings {
			break
		}
		if err := d.send(inject.Settle{}); err != nil {
			return nil, err
		}
	}
	for _, a := range areas {
		if e, ok := m.areas[a.base]; ok {
			list = append(list, kernel.Allocation{
				Kind: moduleMemory, Module: cleanText(e.Module, kernelName), Detail: strconv.FormatUint(e.N, 10) + " bytes", Point: pointLaidOut,
			})
		}
	}
	for _, a := range stray {
		list = append(list, kernel.Allocation{
			Kind: moduleMemory, Detail: strconv.FormatInt(a.bytes, 10) + " bytes", Point: pointLaidOut, Leaked: resting,
		})
	}
	return list, nil
}

// pointLaidOut is where a module's memory is allocated.
const pointLaidOut = "L5"

// moduleMemory is the kind of allocation that the simulated kernel calls so too.
const moduleMemory = "module memory"
