package agent

import (
	"bufio"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// vmArea is one row of /proc/vmallocinfo.
type vmArea struct {
	base   uint64
	bytes  int64 // the guard page included
	caller string
}

// The bounds of what is read of a guest's kernel.
const (
	accountFileMax = 8 << 20 // bytes of a file of /proc
	accountRowsMax = 65536
)

// parseVmalloc reads /proc/vmallocinfo (mm/vmalloc.c, s_show): rows "0xFROM-0xTO
// BYTES CALLER+0xOFFSET/0xSIZE ...". A caller in a module that is gone is a mere
// address. Areas that are about to be freed ("unpurged"), and what vm_map_ram
// keeps in store, are passed over.
func parseVmalloc(r io.Reader) []vmArea {
	var list []vmArea
	lines := bufio.NewScanner(io.LimitReader(r, accountFileMax))
	for lines.Scan() && len(list) < accountRowsMax {
		f := strings.Fields(lines.Text())
		if len(f) < 3 {
			continue
		}
		from, _, ok := strings.Cut(f[0], "-")
		base, err := strconv.ParseUint(strings.TrimPrefix(from, "0x"), 16, 64)
		bytes, err2 := strconv.ParseInt(f[1], 10, 64)
		caller, _, _ := strings.Cut(f[2], "+")
		if !ok || err != nil || err2 != nil || bytes <= 0 || caller == "unpurged" || caller == "vm_map_ram" {
			continue
		}
		list = append(list, vmArea{base, bytes, baseName(caller)})
	}
	return list
}

// moduleCallers are the functions that vmallocinfo names for the memory of
// modules: load_module with move_module inlined on 6.1 and 6.12, the others
// where it is not.
var moduleCallers = []string{"load_module", "move_module", "module_memory_alloc", "module_alloc", "layout_and_allocate"}

func (a vmArea) ofModule() bool { return slices.Contains(moduleCallers, a.caller) }

// ofStack: the stack of a task, of which there are as many as tasks, and some
// in store.
func (a vmArea) ofStack() bool {
	return a.caller == "kernel_clone" || a.caller == "fork_idle" || a.caller == "dup_task_struct" || a.caller == "copy_process"
}

// slab is one row of /proc/slabinfo.
type slab struct {
	name   string
	active int64
}

// parseSlabs reads /proc/slabinfo, version 2.1 (mm/slab_common.c, cache_show):
// rows "NAME ACTIVE TOTAL SIZE ...".
func parseSlabs(r io.Reader) []slab {
	var list []slab
	lines := bufio.NewScanner(io.LimitReader(r, accountFileMax))
	for lines.Scan() && len(list) < accountRowsMax {
		f := strings.Fields(lines.Text())
		if len(f) < 4 || f[0] == "#" || f[0] == "slabinfo" {
			continue
		}
		n, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil || n < 0 {
			continue
		}
		list = append(list, slab{f[0], n})
	}
	return list
}

// slabCounted says whether a slab is one that the loader of modules, or what it
// calls, takes from: memory of any size, the nodes of sysfs, the records of
// tracing and of work queues. What processes and files are made of comes and
// goes with whoever looks.
func slabCounted(name string) bool {
	switch name {
	case "kernfs_node_cache", "kernfs_iattrs_cache", "ftrace_event_field", "trace_event_file", "pool_workqueue", "kmem_cache", "proc_dir_entry":
		return true
	}
	return strings.HasPrefix(name, "kmalloc-") && !strings.HasPrefix(name, "kmalloc-cg-") && !strings.HasPrefix(name, "kmalloc-rcl-") || strings.HasPrefix(name, "memdup_user-")
}

// slabPrefix begins the name of a slab's count.
const slabPrefix = "slab "

// kmallocName is the kernel's name of a slab that the driver names by its size:
// "kmalloc-4k" for "kmalloc-4096".
func kmallocName(name string) string {
	kind, size, _ := strings.Cut(name, "-")
	if n, err := strconv.Atoi(size); err == nil && n >= 1024 && n%1024 == 0 {
		return kind + "-" + strconv.Itoa(n/1024) + "k"
	}
	return name
}

// parseKmemleak reads the suspects of /sys/kernel/debug/kmemleak
// (mm/kmemleak.c, print_unreferenced): a line "unreferenced object 0xADDR (size
// N):" and indented lines, of which the backtrace is kept. The same place shows
// as the same text, with how many objects it has.
func parseKmemleak(r io.Reader) []string {
	var order []string
	times := map[string]int{}
	var size string
	var where []string
	trace := false
	end := func() {
		if size == "" {
			return
		}
		text := size + " bytes by " + strings.Join(where, ", ")
		if times[text]++; times[text] == 1 {
			order = append(order, text)
		}
		size, where, trace = "", nil, false
	}
	lines := bufio.NewScanner(io.LimitReader(r, accountFileMax))
	for lines.Scan() && len(order) < kmemleakMax {
		line := lines.Text()
		if rest, ok := strings.CutPrefix(line, "unreferenced object "); ok {
			end()
			_, n, _ := strings.Cut(rest, "(size ")
			n, _, ok = strings.Cut(n, ")")
			if _, err := strconv.ParseUint(n, 10, 64); ok && err == nil {
				size = n
			}
			continue
		}
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "backtrace") {
			trace = true
			continue
		}
		if !trace || len(where) == kmemleakDepth {
			continue
		}
		if i := strings.IndexByte(line, ']'); i >= 0 { // "[<0000000012345678>] "
			line = strings.TrimSpace(line[i+1:])
		}
		name, _, _ := strings.Cut(line, "+")
		where = append(where, cleanText(name, 64))
	}
	end()
	for i, text := range order {
		order[i] = strconv.Itoa(times[text]) + " of " + text
	}
	return order
}

// The bounds of a list of suspects.
const (
	kmemleakMax   = 256
	kmemleakDepth = 6
)

// countsOf are the counts of an account.
func countsOf(areas []vmArea, slabs []slab, moduleDirs int, percpu int64) []kernel.Count {
	var modules, other int64
	for _, a := range areas {
		switch {
		case a.ofModule():
			modules += a.bytes
		case !a.ofStack():
			other += a.bytes
		}
	}
	list := []kernel.Count{
		{Name: "vmalloc of modules", Value: modules, Unit: "bytes"},
		{Name: "vmalloc", Value: other, Unit: "bytes"},
		{Name: "directories of /sys/module", Value: int64(moduleDirs), Unit: "entries"},
	}
	if percpu >= 0 {
		list = append(list, kernel.Count{Name: "percpu", Value: percpu, Unit: "bytes"})
	}
	for _, s := range slabs {
		if slabCounted(s.name) {
			list = append(list, kernel.Count{Name: slabPrefix + s.name, Value: s.active, Unit: "objects"})
		}
	}
	return list
}

// settled takes in a further reading of the counts and says whether it is the
// one before; what moved between two readings is noise.
func settled(before, now []kernel.Count) bool {
	same := len(before) == len(now)
	for i := range now {
		if i >= len(before) || before[i].Name != now[i].Name {
			return false
		}
		moved := now[i].Value - before[i].Value
		if moved != 0 {
			same = false
		}
		now[i].Noise = max(before[i].Noise, moved, -moved)
	}
	return same
}

// strayAreas are the areas of modules' memory that belong to no module. An
// address that is none of the kernel's half is a hash, and says nothing.
func strayAreas(areas []vmArea, owned map[uint64]bool) []vmArea {
	var list []vmArea
	for _, a := range areas {
		if a.ofModule() && !owned[a.base] && int64(a.base) < 0 {
			list = append(list, a)
		}
	}
	return list
}
