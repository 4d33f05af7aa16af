package sim

import (
	"fmt"
	"slices"
	"testing"

	"example.org/kmodsh/internal/trace"
	"pgregory.net/rapid"
)

// TestAnythingGoes runs random threads under random faults, signals and
// schedules, and looks whether the kernel's books balance whenever all have
// ended: nothing leaks that the profile does not leak, references are as many
// as there are holders, permits and workers are given back.
func TestAnythingGoes(t *testing.T) {
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	tasks := []Task{
		{Verb: "insmod", Name: "victim"}, {Verb: "insmod", Name: "victim", Copy: true, Params: []string{"s=a", "init_ms=50"}},
		{Verb: "init", Name: "victim", Params: []string{"s=a", "init_ret=-5"}}, {Verb: "insmod", Name: "victim", Params: []string{"s=a", "n=x"}},
		{Verb: "insmod", Name: "user"}, {Verb: "rmmod", Name: "victim"}, {Verb: "rmmod", Name: "user"}, {Verb: "rmmod", Name: "minix", Force: true},
		{Verb: "request", Name: "victim"}, {Verb: "request", Name: "fs-minix", NoWait: true}, {Verb: "getfs", Name: "minix"},
		{Verb: "load", Name: "user"}, {Verb: "unload", Name: "user", Deps: true}, {Verb: "symbol", Name: "victim_a"},
		{Verb: "mount", Name: "minix"}, {Verb: "umount", Name: "minix"}, {Verb: "suspend"}, {Verb: "resume"},
	}
	points := slices.DeleteFunc(trace.Points(), func(p trace.Point) bool { return p.Tracepoint != "" || p.Phase == trace.PhaseSeen })
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SampledFrom(Profiles()).Draw(t, "profile")
		p.DupMerge = rapid.Bool().Draw(t, "dup-merge")
		p.KmodMax = rapid.SampledFrom([]int{1, 2, 50}).Draw(t, "kmod-max")
		run := NewRun(sys, p)
		defer run.Close()
		policy := rapid.SampledFrom([]string{"kmod19", "kmod20", "verified", "wild-procmodules", "wild-eexist", "wild-failed-loaded"}).Draw(t, "policy")
		must(t, run.Do(Action{Kind: DoSet, Value: "policy=" + policy}))
		for range rapid.IntRange(0, 3).Draw(t, "faults") {
			f := &Fault{Point: rapid.SampledFrom(points).Draw(t, "point").ID, Hit: rapid.IntRange(0, 3).Draw(t, "hit")}
			switch rapid.IntRange(0, 3).Draw(t, "fault") {
			case 0, 3:
				f.Fail = EFAULT
			case 1:
				f.Hold = true
			case 2:
				f.Delay = 1e9
			}
			must(t, run.Do(Action{Kind: DoFault, Fault: f}))
		}
		for i := range rapid.IntRange(2, 6).Draw(t, "threads") {
			k := rapid.SampledFrom(tasks).Draw(t, "task")
			must(t, run.Do(Action{Kind: DoSpawn, Thread: fmt.Sprint("T", i), Task: &k}))
		}
		anySchedule(t, run)
		if why := balance(run.World()); why != "" {
			t.Fatalf("%s\n%s", why, run.World().ProcModules())
		}
	})
}

func must(t *rapid.T, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// anySchedule moves threads as rapid says, with a signal now and then, and in
// the end releases, kills and thaws until nobody can move.
func anySchedule(t *rapid.T, run *Run) {
	choices := rapid.SliceOfN(rapid.IntRange(0, 99), 0, 400).Draw(t, "choices")
	var buf []*Thread
	for i := range 20000 {
		w := run.World()
		buf = w.Runnable(buf[:0])
		c := i
		if i < len(choices) {
			c = choices[i]
		}
		if i < len(choices) && c >= 98 {
			th := w.threads[c%len(w.threads)]
			must(t, run.Do(Action{Kind: DoSignal, Thread: th.ID, Value: []string{"TERM", "KILL"}[i%2]}))
			continue
		}
		if len(buf) > 0 {
			must(t, run.Do(Action{Kind: DoStep, Thread: buf[c%len(buf)].ID}))
			continue
		}
		if w.Advance() {
			continue
		}
		if !unstick(w) {
			return
		}
	}
	t.Fatal("no end in sight")
}

// unstick releases who is held, thaws, and kills who waits; it says false when
// that helps nobody.
func unstick(w *World) bool {
	helped := false
	for _, th := range w.threads {
		if w.Release(th) {
			helped = true
		}
	}
	if w.frozen {
		w.frozen = false
		w.setUMH(UMHEnabled)
		w.wake(&w.frozenQ, -1)
		return true
	}
	for _, th := range w.threads {
		if th.status == Blocked && th.pending != SIGKILL {
			w.Signal(th, SIGKILL)
			helped = true
		}
	}
	return helped
}

// balance says what is out of balance in a world where nobody moves any more,
// "" when nothing is.
func balance(w *World) string {
	for _, th := range w.threads {
		if th.status != Done {
			return th.ID + " " + th.Where()
		}
	}
	if w.permits.used != 0 || w.workers != 0 || w.umhCallers != 0 || w.async != 0 || w.mm.owner != nil || len(w.inodes) != 0 {
		return fmt.Sprintf("permits %d, workers %d, callers %d, async %d, inodes %d", w.permits.used, w.workers, w.umhCallers, w.async, len(w.inodes))
	}
	known := map[Kind]bool{KindString: w.Profile.ParamLeak, KindModinfo: w.Profile.ModinfoLeak}
	for _, e := range w.Ledger() {
		if e.m.freed && !known[e.Kind] || !e.m.freed && !e.m.onList {
			return fmt.Sprintf("leaked %+v", e)
		}
	}
	seen := map[string]bool{}
	for _, m := range w.list {
		refs := int64(1 + len(m.Users))
		for _, o := range w.mounts {
			if o.m == m {
				refs++
			}
		}
		if m.State != trace.Live || m.Refs != refs || seen[m.Name] {
			return fmt.Sprintf("%s is %s with %d references, want %d", m.Name, m.State, m.Refs, refs)
		}
		seen[m.Name] = true
	}
	for sym, m := range w.symbols {
		if !m.onList {
			return "symbol " + sym + " of a module that is gone"
		}
	}
	return ""
}
