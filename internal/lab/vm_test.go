package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// openVM opens a machine for a test, which closes it.
func openVM(t testing.TB, series string, o Options) *target {
	t.Helper()
	o.Cache = vmCache(t, series)
	vm, err := open(context.Background(), series, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { vm.Close() })
	return vm
}

// left fails the test when something of a closed machine is left.
func left(t *testing.T, vm *target) {
	t.Helper()
	if err := vm.Close(); err != nil {
		t.Error(err)
	}
	gone(t, "QEMU", vm.vm.guard.qemuPID())
	gone(t, "the warden", vm.vm.guard.cmd.Process.Pid)
	if _, err := os.Stat(vm.vm.guard.dir.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the run directory is left: %v", err)
	}
}

// TestVM boots or resumes both kernels side by side, and does everything that
// a target does once.
func TestVM(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			vm := openVM(t, series, Options{})
			ctx := t.Context()
			info, err := vm.Info(ctx)
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", info)
			if Series(info.Release) != series || info.Target != "vm:"+series {
				t.Errorf("this is %s, release %s", info.Target, info.Release)
			}
			r, err := vm.Load(ctx, kernel.LoadRequest{Name: "ext4"})
			if err != nil || r.State != trace.Live {
				t.Fatalf("load: %+v, %v", r, err)
			}
			list, err := vm.Modules(ctx)
			if err != nil {
				t.Fatal(err)
			}
			found := false
			for _, m := range list {
				found = found || m.Name == "ext4" && m.State == trace.Live
			}
			if !found {
				t.Errorf("ext4 is not live in %v", list)
			}
			q, err := vm.Request(ctx, "fs-minix")
			if err != nil || q.State != trace.Live {
				t.Errorf("request: %+v, %v", q, err)
			}
			if u, err := vm.Unload(ctx, kernel.UnloadRequest{Name: "minix"}); err != nil || u.State != trace.Absent {
				t.Errorf("unload: %+v, %v", u, err)
			}
			var load *kernel.LoadError
			if _, err := vm.Load(ctx, kernel.LoadRequest{Name: "no_such_module"}); err == nil || !errors.Is(err, kernel.ErrNotFound) && !errors.As(err, &load) {
				t.Errorf("a load of nothing gives %v", err)
			}
			if err := vm.Sync(ctx); err != nil {
				t.Fatal(err)
			}
			loads := map[string]bool{}
			events, missed := vm.Events().After(0, 0)
			for i, e := range events {
				if e.Seq != uint64(i+1) || e.Lost != 0 {
					t.Errorf("event %d has number %d, and %d were lost", i, e.Seq, e.Lost)
				}
				if e.Point == trace.PointModuleLoad {
					loads[e.Module] = true
				}
			}
			if missed != 0 || !loads["ext4"] || !loads["minix"] {
				t.Errorf("of %d events, %d missed, the traced loads are %v", len(events), missed, loads)
			}
			if lines, err := vm.Log(ctx, 5); err != nil || len(lines) == 0 || len(lines) > 5 {
				t.Errorf("log: %q, %v", lines, err)
			}
			tree, err := vm.Tree()
			if err != nil || tree.Release != info.Release {
				t.Errorf("tree: %+v, %v", tree, err)
			}
			facts(t, vm, tree.Cmdline)
			left(t, vm)
			if !vm.Events().Closed() {
				t.Error("the log of events goes on after Close")
			}
		})
	}
}

// facts fails the test when the guest does not tell what its kernel demands of
// modules, or was started with another command line than cmdline.
func facts(t *testing.T, vm *target, cmdline string) {
	t.Helper()
	sys, err := vm.System(t.Context())
	if err != nil || sys.Machine != "x86_64" || sys.Lockdown != "none" || sys.Enforced != "N" || len(sys.Keys) == 0 || !sys.KeysKnown {
		t.Errorf("system: %+v, %v", sys, err)
	}
	params, err := vm.Params(t.Context())
	if err != nil || params["module"]["sig_enforce"] != sys.Enforced {
		t.Errorf("parameters: %v, %v", params["module"], err)
	}
	lines, err := vm.Log(t.Context(), 0)
	if err != nil || !slices.ContainsFunc(lines, func(l string) bool { return strings.HasSuffix(l, "Command line: "+cmdline) }) {
		t.Errorf("the kernel was not started with %q: %v", cmdline, err)
	}
}

// TestVMResume saves a machine at its first start and finds it at the second:
// fresh, with its link working and its clock right.
func TestVMResume(t *testing.T) {
	o := Options{Memory: 400} // no other test's machine
	first := openVM(t, "6.1", o)
	<-first.settled
	if first.unsaved != "" {
		t.Fatalf("not saved: %s", first.unsaved)
	}
	if _, err := first.Load(t.Context(), kernel.LoadRequest{Name: "minix"}); err != nil {
		t.Fatal(err)
	}
	left(t, first)

	conf := filepath.Join(t.TempDir(), "x.conf")
	if err := os.WriteFile(conf, []byte("alias kmodsh-test minix\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	o.Config = []string{conf}
	second := openVM(t, "6.1", o)
	if !second.resumed {
		t.Fatal("booted again")
	}
	t.Log(second.split.describe(true))
	list, err := second.Modules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Name == "minix" {
			t.Error("the saved machine holds what was done after it was saved")
		}
	}
	r, err := second.Load(t.Context(), kernel.LoadRequest{Name: "kmodsh-test"})
	if err != nil || len(r.Modules) != 1 || r.Modules[0] != "minix" {
		t.Errorf("by an alias of the configuration: %+v, %v", r, err)
	}
	left(t, second)

	// A damaged one is thrown away, and the machine boots.
	saved := second.savedAs
	f, err := os.OpenFile(saved, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte("not what was there"), 40<<20); err != nil {
		t.Fatal(err)
	}
	third := openVM(t, "6.1", o)
	if third.resumed {
		t.Error("resumed from a file that was changed")
	}
	<-third.settled
	if !strings.Contains(third.unsaved, saved+" is damaged") || third.saved == "" {
		t.Errorf("it says %q and %q", third.unsaved, third.saved)
	}
	os.Remove(saved)
}

// TestVMUnsaved has a machine that cannot be saved go on.
func TestVMUnsaved(t *testing.T) {
	vm := openVM(t, "6.12", Options{NoSnapshot: true})
	<-vm.settled
	c := vmCache(t, "6.12")
	// What the file would be written to is a directory: like a full disk, it
	// is found out by the program that QEMU pipes into.
	if err := os.Mkdir(filepath.Join(vm.vm.guard.dir.Path, savingName), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := vm.vm.save(t.Context(), c, "test"); err == nil {
		t.Error("saved into a directory")
	} else {
		t.Log(err)
	}
	if _, err := os.Stat(c.savedPath("test")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("half a machine was kept: %v", err)
	}
	if _, err := vm.Info(t.Context()); err != nil {
		t.Errorf("it does not go on: %v", err)
	}
	left(t, vm)
}

// BenchmarkBoot boots a machine and prints where the time goes.
func BenchmarkBoot(b *testing.B) { benchmarkOpen(b, Options{NoSnapshot: true}) }

// BenchmarkResume resumes a machine and prints where the time goes.
func BenchmarkResume(b *testing.B) { benchmarkOpen(b, Options{}) }

func benchmarkOpen(b *testing.B, o Options) {
	for _, series := range []string{"6.1", "6.12"} {
		b.Run(series, func(b *testing.B) {
			o.Cache = vmCache(b, series)
			open1 := func() *target {
				vm, err := open(b.Context(), series, o)
				if err != nil {
					b.Fatal(err)
				}
				return vm
			}
			warm := open1() // everything is prepared after this
			<-warm.settled
			warm.Close()
			var sum split
			for b.Loop() {
				vm := open1()
				sum.prepare += vm.split.prepare
				sum.probe += vm.split.probe
				sum.qemu += vm.split.qemu
				sum.kernel += vm.split.kernel
				sum.restore += vm.split.restore
				sum.agent += vm.split.agent
				b.StopTimer()
				vm.Close()
				b.StartTimer()
			}
			for _, part := range []struct {
				name string
				d    time.Duration
			}{
				{"initramfs", sum.prepare + sum.probe}, {"QEMU", sum.qemu}, {"kernel", sum.kernel},
				{"restore", sum.restore}, {"agent", sum.agent}, {"total", sum.total()},
			} {
				if part.d > 0 {
					b.ReportMetric(part.d.Seconds()/float64(b.N), part.name+"-s/op")
				}
			}
		})
	}
}
