package lab

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// TestVMFaults has every lie of a helper, every policy, the usermode helper
// disabled, the empty name, a plan of faults, and holds at functions named by
// hand, on both kernels.
func TestVMFaults(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			vm := openDebugVM(t, series)
			vm.OnlyOnward()
			faultLies(t, vm)
			faultPolicies(t, vm)
			faultPlan(t, vm)
			faultFunctions(t, vm)
		})
	}
}

// asked is what a thread that asks for a module got.
func asked(t *testing.T, vm *target, id, name string) *kernel.ThreadState {
	t.Helper()
	spawn(t, vm, id, "request", name)
	run(t, vm, kernel.RunOptions{First: id, Until: id})
	th := look(t, vm).Thread(id)
	if !th.Done {
		t.Errorf("%s: %+v", id, th)
	}
	return th
}

// unloaded takes minix out again.
func unloaded(t *testing.T, vm *target, id string) {
	t.Helper()
	spawn(t, vm, id, "rmmod", "minix")
	run(t, vm, kernel.RunOptions{First: id, Until: id})
	if s := look(t, vm); s.State("minix") != trace.Absent {
		t.Fatalf("%s: minix is %s", id, s.State("minix"))
	}
}

func faultLies(t *testing.T, vm *target) {
	for i, c := range []struct {
		settings string
		want     int64
		verdict  kernel.Verdict
		live     bool
	}{
		{"helper=exit:0", 0, kernel.Lost, false},
		{"helper=exit:1", 256, kernel.Failed, false},
		{"helper=exit:255", 65280, kernel.Failed, false},
		{"helper=killed", 9, kernel.Failed, false},
		{"helper=missing", -2, kernel.Failed, false},
		{"helper=noexec", -13, kernel.Failed, false},
		{"helper=badformat", -8, kernel.Failed, false},
		{"helper=insmod", 0, kernel.OK, true},
		{"helper=slow:1s", 0, kernel.OK, true},
		{"helper=real modprobe=", -2, kernel.Failed, false},
		{"modprobe=/sbin/modprobe umh=disabled", -16, kernel.Failed, false},
		{"umh=freezing", -16, kernel.Failed, false},
		{"umh=enabled", 0, kernel.OK, true},
	} {
		set(t, vm, strings.Fields(c.settings)...)
		id := fmt.Sprintf("lie%d", i)
		th := asked(t, vm, id, "minix")
		if th.Result != c.want || th.Verdict != c.verdict || (look(t, vm).State("minix") == trace.Live) != c.live {
			t.Errorf("%s: %+v, minix %s; want %d, %s", c.settings, th, look(t, vm).State("minix"), c.want, c.verdict)
		}
		if c.settings == "helper=slow:1s" && th.Ended-th.Began < int64(time.Second) {
			t.Errorf("a slow helper took %d ns", th.Ended-th.Began)
		}
		if c.live {
			unloaded(t, vm, id+"-out")
		}
	}
	if th := asked(t, vm, "empty", ""); th.Result != 256 {
		t.Errorf("the empty name: %+v", th)
	}

	// One that never ends: nobody can move any more, until SIGKILL comes.
	set(t, vm, "helper=stuck")
	spawn(t, vm, "stuck", "request", "minix")
	if stop := run(t, vm, kernel.RunOptions{First: "stuck", Until: "stuck"}); stop.Reason != kernel.StopDeadlock {
		t.Errorf("stuck: %+v", stop)
	}
	if err := vm.Signal(t.Context(), "stuck", "KILL"); err != nil {
		t.Fatal(err)
	}
	if th := look(t, vm).Thread("stuck"); !th.Done || th.Result != -512 && th.Result != 9 {
		t.Errorf("a requester that was killed: %+v", th)
	}
	set(t, vm, "helper=real")
}

func faultPolicies(t *testing.T, vm *target) {
	for _, p := range kmod.PolicyNames() {
		set(t, vm, "policy="+p)
		th := asked(t, vm, "policy-"+strings.ReplaceAll(p, "/", "-"), "minix")
		s := look(t, vm)
		t.Logf("policy %s: %d, %s, minix %s", p, th.Result, th.Verdict, s.State("minix"))
		if th.Result == 0 && th.Verdict == kernel.OK && s.State("minix") != trace.Live {
			t.Errorf("policy %s: %+v, minix %s", p, th, s.State("minix"))
		}
		if s.State("minix") != trace.Absent {
			unloaded(t, vm, "out-"+strings.ReplaceAll(p, "/", "-"))
		}
	}
	set(t, vm, "policy="+kmod.PolicyVerified)
}

// faultPlan puts a plan in force that was written down, as another target's.
func faultPlan(t *testing.T, vm *target) {
	plan, err := kernel.ParseFaultPlan(strings.NewReader("# kmodsh fault plan 1\n# name: both ways\ndelay W4 20ms module=minix\nfail L17 ENOMEM module=minix hit=2\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range plan.Faults {
		if _, err := vm.AddFault(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	for i, want := range []int64{0, 256} {
		if th := asked(t, vm, fmt.Sprintf("plan%d", i), "minix"); th.Result != want {
			t.Errorf("plan, request %d: %+v", i, th)
		}
		if want == 0 {
			unloaded(t, vm, "plan-out")
		}
	}
	s := look(t, vm)
	for i, f := range s.Faults {
		again := f
		again.Hits, again.Number = 0, 0
		if again != plan.Faults[i] || f.Hits < 1 {
			t.Errorf("fault %+v, planned %+v: %d hits", f, plan.Faults[i], f.Hits)
		}
	}
	noFaults(t, vm)
}

func noFaults(t *testing.T, vm *target) {
	t.Helper()
	for _, f := range look(t, vm).Faults {
		if err := vm.RemoveFault(t.Context(), f.Number); err != nil {
			t.Fatal(err)
		}
	}
}

func faultFunctions(t *testing.T, vm *target) {
	hold := func(id string, want trace.State, at string, words ...string) {
		t.Helper()
		if _, err := vm.AddFault(t.Context(), kernel.Fault{Point: at, Module: "minix", Hold: true}); err != nil {
			t.Fatal(err)
		}
		spawn(t, vm, id, words...)
		stop := run(t, vm, kernel.RunOptions{First: id, Until: id})
		s := look(t, vm)
		if stop.Reason != kernel.StopHeld || stop.Point != at || s.State("minix") != want {
			t.Errorf("hold %s: %+v, minix %s", at, stop, s.State("minix"))
		}
		if err := vm.Release(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		noFaults(t, vm)
		run(t, vm, kernel.RunOptions{First: id, Until: id})
	}
	hold("fn1", trace.Coming, "fn:do_init_module", "insmod", "minix")
	hold("fn2", trace.Unformed, "fn:module_unload_free", "rmmod", "minix")
	for at, want := range map[string]string{
		"fn:no_such_function": "no function no_such_function",
		"fn:find_module_all":  "module_mutex",
		"fn:module_mutex":     "no entry", // a variable
	} {
		if _, err := vm.AddFault(t.Context(), kernel.Fault{Point: at, Hold: true}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("hold %s: %v", at, err)
		}
	}
	if _, err := vm.AddFault(t.Context(), kernel.Fault{Point: "fn:do_init_module", Fail: 12}); err == nil {
		t.Error("do_init_module may be left out")
	}
	if s := look(t, vm); len(s.Faults) > 0 || s.State("minix") != trace.Absent {
		t.Errorf("at the end: %+v, minix %s", s.Faults, s.State("minix"))
	}
	for _, a := range look(t, vm).Leaks {
		if a.Leaked {
			t.Errorf("leaked: %+v", a)
		}
	}
}
