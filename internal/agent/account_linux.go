package agent

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

const (
	vmallocFile  = "/proc/vmallocinfo"
	slabFile     = "/proc/slabinfo"
	slabDir      = "/sys/kernel/slab"
	debugDir     = "/sys/kernel/debug"
	kmemleakFile = debugDir + "/kmemleak"
)

// kmemleakAge is how old an object has to be for the leak detector.
const kmemleakAge = 6 * time.Second

// accountReadings bounds how often the counts are read until two readings in a
// row agree.
const accountReadings = 6

// doAccount reads what the kernel has allocated, once it has come to rest: what
// RCU was to free is waited for, and the counts are read until they stand still.
func (d *debugger) doAccount(ctx context.Context, _ json.RawMessage) (any, error) {
	var a kernel.Account
	dr := d.driver()
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
	percpu := int64(-1)
	if dr != nil {
		m, err := dr.memory(ctx)
		if err != nil {
			return nil, err
		}
		percpu = m.percpu
	}
	slabs, err := readSlabs()
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
	return countsOf(areas, slabs, len(dirs), percpu), nil
}

func readVmalloc() ([]vmArea, error) {
	f, err := os.Open(vmallocFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return parseVmalloc(f), nil
}

// readSlabs reads how many objects are in use. Those that wait for the next
// taker on a processor count as in use until the slab is shrunk.
func readSlabs() ([]slab, error) {
	list, err := slabsNow()
	if err != nil {
		return nil, err
	}
	for _, s := range list {
		if slabCounted(s.name) {
			// A kernel without these files counts less exactly, no more.
			os.WriteFile(filepath.Join(slabDir, s.name, "shrink"), []byte("1"), 0)
		}
	}
	return slabsNow()
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
	if _, err := os.Stat(kmemleakFile); err != nil {
		err := unix.Mount("debugfs", debugDir, "debugfs", 0, "")
		if err != nil && err != unix.EBUSY {
			return nil, false, nil // a kernel without debugfs has no kmemleak
		}
	}
	// The detector passes over what is younger than 5 s (mm/kmemleak.c,
	// MSECS_MIN_AGE), and takes what is suspected once for a find only at the
	// next scan.
	if _, err := os.Stat(kmemleakFile); err == nil {
		if _, err := hears(ctx, nil, kmemleakAge); err != nil {
			return nil, true, err
		}
	}
	for range 2 {
		err := os.WriteFile(kmemleakFile, []byte("scan"), 0)
		if errors.Is(err, os.ErrNotExist) {
			return nil, false, nil
		}
		if err != nil {
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

// memory is what the driver alone can tell of what is allocated.
type memory struct {
	areas  map[uint64]inject.Event // by address
	percpu int64                   // bytes of each processor, -1 not told
}

// memory asks the driver.
func (d *driver) memory(ctx context.Context) (memory, error) {
	m := memory{areas: map[uint64]inject.Event{}, percpu: -1}
	list, err := d.ask(ctx, inject.Memory{})
	for _, e := range list {
		switch {
		case e.Kind == inject.Area:
			m.areas[e.Address] = e
		case e.Kind == inject.Count && e.Name == "percpu":
			m.percpu = int64(e.N)
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
		if m, err = d.memory(ctx); err != nil {
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
