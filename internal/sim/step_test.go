package sim

import "testing"

// TestNoWaitHidesTheStatus: a caller that does not wait gets 0 also when the
// helper has failed before the caller moves again.
func TestNoWaitHidesTheStatus(t *testing.T) {
	w := New(Options{Profile: testProfile(t, "v6.12"), Programs: map[string]Exec{
		modprobePath: {Run: func(*Thread, []string) int { return 1 }},
	}})
	defer w.Close()
	a := w.Spawn("A", "kthread", func(th *Thread) int64 { return th.RequestModule("x", false) })
	for a.Status() == Ready {
		w.Step(a)
	}
	h := w.Thread("helper-1")
	for h.Status() == Ready {
		w.Step(h)
	}
	if h.Status() != Done || h.Exit() != 256 {
		t.Fatalf("the helper is %v and returned %d", h.Status(), h.Exit())
	}
	for a.Status() == Ready {
		w.Step(a)
	}
	if a.Status() != Done || a.Exit() != 0 {
		t.Errorf("the caller is %v and got %d", a.Status(), a.Exit())
	}
}

// TestLooksAreSteps: two looks of one process at the kernel's files are two
// system calls, between which others can move.
func TestLooksAreSteps(t *testing.T) {
	w := New(Options{Profile: testProfile(t, "v6.1")})
	defer w.Close()
	a := w.Spawn("A", "modprobe", func(th *Thread) int64 {
		v := view{t: th}
		if _, err := v.Initstate("victim"); err != nil {
			t.Error(err)
		}
		if _, err := v.Modules(); err != nil {
			t.Error(err)
		}
		return 0
	})
	w.Step(a)
	if a.Status() != Ready {
		t.Fatalf("after one step it is %v", a.Status())
	}
	if w.Step(a); a.Status() != Done {
		t.Errorf("after two steps it is %v", a.Status())
	}
}

// TestInitstateOfOneThatGoes: a file that was opened and then removed answers
// ENODEV.
func TestInitstateOfOneThatGoes(t *testing.T) {
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	run := NewRun(sys, testProfile(t, "v6.12"))
	defer run.Close()
	spawn := func(id string, k Task) {
		if err := run.Do(Action{Kind: DoSpawn, Thread: id, Task: &k}); err != nil {
			t.Fatal(err)
		}
	}
	finish := func(id string) {
		if err := run.Finish(id); err != nil {
			t.Fatal(err)
		}
	}
	spawn("A", Task{Verb: "insmod", Name: "victim"})
	finish("A")
	spawn("reader", Task{Verb: "initstate", Name: "victim"})
	if err := run.Do(Action{Kind: DoStep, Thread: "reader"}); err != nil {
		t.Fatal(err)
	}
	if err := run.Do(Action{Kind: DoFault, Fault: &Fault{Point: "U6", Hold: true}}); err != nil {
		t.Fatal(err)
	}
	spawn("R", Task{Verb: "rmmod", Name: "victim"})
	for th := run.World().Thread("R"); th.Status() == Ready; {
		if err := run.Do(Action{Kind: DoStep, Thread: "R"}); err != nil {
			t.Fatal(err)
		}
	}
	finish("reader")
	if got := run.Outcome("reader").Ret; got != -int64(ENODEV) {
		t.Errorf("the reader got %d", got)
	}
}
