package lab

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// jobsModules are raid456 and ext4 with all they need.
var jobsModules = []string{
	"raid456", "async_raid6_recov", "async_memcpy", "async_pq", "async_xor", "async_tx", "md-mod", "xor", "raid6_pq", "libcrc32c", "crc32c_generic",
	"ext4", "mbcache", "jbd2", "crc16",
}

// TestVMJobs loads modules side by side on the real kernels: those that do not
// need each other are in the kernel at the same time, each comes after all that
// it needs, and one that fails fails what needs it and nothing else.
func TestVMJobs(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
	}
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			c := vmCache(t, series)
			k, err := c.Find(series)
			if err != nil {
				t.Fatal(err)
			}
			files := map[string]string{}
			for _, m := range jobsModules {
				b := fileOf(t, k, m)
				if m == "mbcache" {
					b = spoiltVersion("module_layout")(t, bytes.Clone(unsigned(b)))
				}
				files["kernel/"+m+".ko"] = string(b)
			}
			vm := withModules(t, c, k, files, "")
			if _, err := vm.Load(t.Context(), kernel.LoadRequest{Name: "raid456", Jobs: 4}); err != nil {
				t.Fatal(err)
			}
			loads := loadsOf(t, vm)
			t.Log(loads)
			if atOnce(loads) < 2 {
				t.Error("with four jobs no two modules were in the kernel at once")
			}
			if n := len(loads); n < 10 || loads[n-1].module != "raid456" {
				t.Error("raid456 did not come last, after all that it needs")
			}

			// mbcache is for another kernel, and ext4 needs it; jbd2 and crc16 do not.
			_, err = vm.Load(t.Context(), kernel.LoadRequest{Name: "ext4", Jobs: 4})
			var e *kernel.LoadError
			if !errors.As(err, &e) || e.Module != "mbcache" || kernel.ErrnoName(e.Errno) != "ENOEXEC" {
				t.Errorf("ext4: %v", err)
			}
			list, err := vm.Modules(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for name, want := range map[string]bool{"jbd2": true, "crc16": true, "mbcache": false, "ext4": false} {
				live := slices.ContainsFunc(list, func(m kernel.Module) bool { return m.Name == name && m.State == trace.Live })
				if live != want {
					t.Errorf("%s live: %t, want %t", name, live, want)
				}
			}
		})
	}
}

// moduleLoad is when a module was in the kernel and not live yet, by numbers of
// events.
type moduleLoad struct {
	module     string
	begin, end uint64
}

// loadsOf finds the loads that a machine's kernel told of, in the order in which
// they began: from its tracepoint module_load, before the module's init function
// runs, to the return of the loader's call.
func loadsOf(t *testing.T, vm *target) (loads []moduleLoad) {
	t.Helper()
	if err := vm.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, _ := vm.Events().After(0, 0)
	for _, e := range events {
		switch e.Point {
		case trace.PointModuleLoad:
			loads = append(loads, moduleLoad{module: e.Module, begin: e.Seq, end: e.Seq})
		case helperInserted:
			if i := slices.IndexFunc(loads, func(l moduleLoad) bool { return l.module == e.Module }); i >= 0 {
				loads[i].end = e.Seq
			}
		}
	}
	return loads
}

// helperInserted is the point at which a loader's call for a module returns.
const helperInserted = "H4"

// atOnce is how many loads overlap at the most.
func atOnce(loads []moduleLoad) (most int) {
	for _, a := range loads {
		n := 0
		for _, b := range loads {
			if b.begin <= a.begin && a.begin < b.end {
				n++
			}
		}
		most = max(most, n)
	}
	return most
}
