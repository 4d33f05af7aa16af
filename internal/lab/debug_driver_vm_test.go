package lab

import (
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// openDebugVM opens a machine with the test driver and the test modules.
func openDebugVM(t *testing.T, series string) *target {
	t.Helper()
	c := vmCache(t, series)
	k, err := c.Find(series)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.BuildDriver(t.Context(), k, nil); err != nil {
		cannot(t, err)
	}
	if err := c.BuildTests(t.Context(), k, nil); err != nil {
		cannot(t, err)
	}
	return openVM(t, series, Options{})
}

// goTo returns to a position, in which nothing of what followed has happened.
func goTo(t *testing.T, d kernel.Debugger, pos int) {
	t.Helper()
	if err := d.Goto(t.Context(), pos); err != nil {
		t.Fatal(err)
	}
}

// run runs d until o says, or all is over.
func run(t *testing.T, d kernel.Debugger, o kernel.RunOptions) kernel.Stop {
	t.Helper()
	stop, err := d.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return stop
}

// set changes settings.
func set(t *testing.T, d kernel.Debugger, settings ...string) {
	t.Helper()
	for _, s := range settings {
		if err := d.Set(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
}

// TestVMRace has the built-in race on real kernels: stepped by hand, by a delay
// of 10 ms, and cured; goes back and forks across a hold; and catches a helper
// that lies.
func TestVMRace(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			vm := openDebugVM(t, series)
			ctx := t.Context()
			vm.Spare(true) // but for the beginning and the window nothing is gone back to
			if stop := run(t, vm, kernel.RunOptions{For: 50 * time.Millisecond}); stop.Reason != kernel.StopTime || stop.Pos != 1 {
				t.Errorf("time passes without threads, too: %+v", stop)
			}
			spawn(t, vm, "A", "insmod", "minix")
			var at []string
			for {
				stop, err := vm.Step(ctx, "A")
				if err != nil || stop.Reason != kernel.StopPoint {
					t.Fatalf("after %v: %+v, %v", at, stop, err)
				}
				if at = append(at, stop.Point); stop.Point == "W4" {
					break
				}
			}
			t.Log(at)
			s := look(t, vm)
			if m := s.Module("minix"); m == nil || m.State != trace.Coming || !m.Dir || m.Initstate != "" || m.Loader != "A" {
				t.Fatalf("in the window: %+v", m)
			}
			window := s.Pos
			if err := vm.Pin(ctx, window); err != nil {
				t.Fatal(err)
			}

			// The rule of kmod 19, step by step.
			set(t, vm, "policy=kmod19")
			spawn(t, vm, "B", "request", "fs-minix")
			stop := run(t, vm, kernel.RunOptions{First: "B", Until: "B", Stop: func(kernel.Stop, func() *kernel.Snapshot) bool { return false }})
			s = look(t, vm)
			b, h := s.Thread("B"), s.Thread("helper-1")
			if stop.Reason != kernel.StopDone || b.Result != 0 || b.Verdict != kernel.Premature || h == nil || h.Parent != "B" || h.Result != 0 || s.State("minix") != trace.Coming {
				t.Errorf("kmod19: %+v; %+v; helper %+v; minix %s", stop, b, h, s.State("minix"))
			}
			seen := map[string]bool{}
			for _, e := range s.Events {
				seen[e.Thread.ID+" "+e.Point] = true
			}
			for _, want := range []string{"A L0", "A W4", "B R1", "B R4", "B R8", "B R9", "helper-1 H0", "helper-1 H2", "helper-1 H7"} {
				if !seen[want] {
					t.Errorf("no event %s", want)
				}
			}

			// Back across the request, and another future: kmod 20 waits in the
			// kernel until the module is live.
			goTo(t, vm, window)
			if s := look(t, vm); s.Thread("B") != nil || s.Thread("A").At != "W4" || s.Policy != "verified" {
				t.Errorf("back in the window: %+v, policy %s", s.Threads, s.Policy)
			}
			fork, err := vm.Fork(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer fork.Close()
			set(t, fork, "policy=kmod20")
			spawn(t, fork, "B", "request", "fs-minix")
			for !held(fork, t, "helper-1", "blocked") {
				s := look(t, fork)
				next := "B"
				if h := s.Thread("helper-1"); h != nil && h.Status == "ready" {
					next = "helper-1"
				}
				if _, err := fork.Step(ctx, next); err != nil {
					t.Fatalf("step %s: %v; %+v", next, err, s.Threads)
				}
			}
			if stop := run(t, fork, kernel.RunOptions{First: "A"}); stop.Reason != kernel.StopAllDone {
				t.Errorf("kmod20: %+v", stop)
			}
			if s := look(t, fork); s.Thread("B").Result != 0 || s.Thread("B").Verdict != kernel.OK || s.State("minix") != trace.Live {
				t.Errorf("kmod20: %+v, minix %s", s.Thread("B"), s.State("minix"))
			}
			// A hold strikes a thread that was stopped by hand and then runs: what
			// lets it go from there does not let it go from its hold.
			spawn(t, fork, "C", "request", "fs-minix")
			if _, err := fork.Step(ctx, "C"); err != nil {
				t.Fatal(err)
			}
			if _, err := fork.AddFault(ctx, kernel.Fault{Point: "R4", Thread: "C", Hold: true}); err != nil {
				t.Fatal(err)
			}
			if stop := run(t, fork, kernel.RunOptions{}); stop.Reason != kernel.StopHeld || stop.Point != "R4" {
				t.Errorf("held on the way: %+v", stop)
			}
			// The first future knows nothing of it.
			if s := look(t, vm); s.Thread("B") != nil || s.State("minix") != trace.Coming {
				t.Errorf("the first future: %+v, minix %s", s.Threads, s.State("minix"))
			}

			// By a delay of 10 ms, and no hold at all.
			goTo(t, vm, 0)
			set(t, vm, "policy=kmod19")
			if _, err := vm.AddFault(ctx, kernel.Fault{Point: "W4", Module: "minix", Delay: 10 * time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			spawn(t, vm, "A", "insmod", "minix")
			for at := ""; at != "W4"; {
				stop, err := vm.Step(ctx, "A")
				if err != nil {
					t.Fatal(err)
				}
				at = stop.Point
			}
			s = look(t, vm)
			if f := s.Faults; len(f) != 1 || f[0].Hits != 1 {
				t.Errorf("faults: %+v", f)
			}

			// A helper that does nothing and exits with 0.
			goTo(t, vm, 0)
			set(t, vm, "helper=exit:0")
			spawn(t, vm, "B", "request", "minix")
			run(t, vm, kernel.RunOptions{})
			if s := look(t, vm); s.Thread("B").Result != 0 || s.Thread("B").Verdict != kernel.Lost || s.State("minix") != trace.Absent {
				t.Errorf("a lie: %+v, minix %s", s.Thread("B"), s.State("minix"))
			}
			set(t, vm, "helper=missing")
			spawn(t, vm, "C", "request", "minix")
			run(t, vm, kernel.RunOptions{})
			set(t, vm, "helper=real")
			spawn(t, vm, "D", "getfs", "minix")
			run(t, vm, kernel.RunOptions{})
			s = look(t, vm)
			if c, d := s.Thread("C"), s.Thread("D"); c.Result != -2 || d.Result != 0 || s.State("minix") != trace.Live {
				t.Errorf("a helper that is missing: %+v; one that is back: %+v", c, d)
			}

			// A module of our own, whose load is made to fail.
			if _, err := vm.AddFault(ctx, kernel.Fault{Point: "W4", Module: "victim", Fail: 12}); err != nil {
				t.Fatal(err)
			}
			spawn(t, vm, "E", "insmod", "victim", "init_ms=10")
			run(t, vm, kernel.RunOptions{})
			if s := look(t, vm); s.Thread("E").Result != -12 || s.State("victim") != trace.Absent {
				t.Errorf("made to fail: %+v, victim %s", s.Thread("E"), s.State("victim"))
			}
			left(t, vm)
		})
	}
}

// held says whether a thread has a status.
func held(d kernel.Debugger, t *testing.T, id, status string) bool {
	th := look(t, d).Thread(id)
	return th != nil && th.Status == status
}
