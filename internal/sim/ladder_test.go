package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/trace"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// leaksOf is what a load that fails at a point leaves allocated: the strings of
// parameters that were parsed before L13 to L15 failed, to 4.10 (a5544880aff9);
// the array of attributes where one of them could not be made, to about 5.4.
func leaksOf(p Profile, point string) []string {
	var leaks []string
	if p.ModinfoLeak && point == "W5" {
		leaks = append(leaks, "attribute array")
	}
	late := slices.Contains([]string{"L13", "L14", "L15"}, point) || strings.HasPrefix(point, "W")
	if p.ParamLeak && late {
		leaks = append(leaks, "parameter string")
	}
	slices.Sort(leaks)
	return leaks
}

// passesOver says whether a profile goes on with a load although a point fails.
func passesOver(p Profile, point string) bool {
	switch point {
	case "L12":
		return !p.NotifierErrors
	case "W6":
		return !p.UsageLinkErrors
	case "W7", "W8":
		return !p.SectionErrors
	}
	return false
}

// TestFailureLadder fails a load at every point that may fail, on every
// profile, and looks at all it could have left behind.
func TestFailureLadder(t *testing.T) {
	victimFile := &File{Path: "victim.ko", Inode: 1, Spec: victim()}
	spec := &Spec{
		Name: "loaded", CoreSize: 8192, InitSize: 4096, Version: true, SrcVersion: true, PerCPU: true, Taint: "OE",
		Params: []ParamSpec{{Name: "s", Kind: ParamCharp}}, Exports: []string{"loaded_a"},
		Uses: []SymbolSpec{{Name: "victim_a"}, {Name: "victim_b"}}, Body: Body{Provides: []string{"fs:loaded"}},
	}
	file := &File{Path: "loaded.ko", Inode: 2, Spec: spec}
	struck := map[string]bool{}
	for _, p := range Profiles() {
		for _, point := range trace.Points() {
			if len(point.Fail) == 0 || point.Phase != trace.PhaseLoad && point.Phase != trace.PhaseSysfs {
				continue
			}
			for hit := 1; hit <= 12; hit++ {
				name := fmt.Sprintf("%s %s hit %d", p.Name, point.ID, hit)
				w := New(Options{Profile: p})
				v := w.Spawn("V", "insmod", func(th *Thread) int64 { return th.Load(victimFile, "", ViaFinit, 0) })
				w.run(t, 0)
				w.AddFault(Fault{Point: point.ID, Thread: "A", Hit: hit, Fail: EFAULT})
				a := w.Spawn("A", "insmod", func(th *Thread) int64 { return th.Load(file, "s=text", ViaFinit, 0) })
				w.run(t, 0)
				if v.Exit() != 0 || a.Status() != Done {
					t.Fatalf("%s: victim %d, %s %s", name, v.Exit(), a.Status(), a.WaitsFor())
				}
				hits := w.faults.plan[0].hits
				if hits < hit && hit > 1 {
					w.Close()
					break
				}
				failed := hits >= hit && !passesOver(p, point.ID)
				struck[point.ID] = struck[point.ID] || hits >= hit
				checkAfterLoad(t, w, name, failed, a.Exit(), leaksOf(p, point.ID))
				w.Close()
			}
		}
	}
	for _, point := range trace.Points() {
		if len(point.Fail) > 0 && point.Phase == trace.PhaseLoad && !struck[point.ID] {
			t.Errorf("no load came by %s", point.ID)
		}
	}
}

func checkAfterLoad(t *testing.T, w *World, name string, failed bool, ret int64, leaks []string) {
	t.Helper()
	dep := w.find("victim")
	if !failed {
		if ret != 0 || w.StateOf("loaded") != trace.Live || dep.Refs != 2 || len(dep.Users) != 1 {
			t.Errorf("%s: returned %d, %s, %d references", name, ret, w.StateOf("loaded"), dep.Refs)
		}
		if left := w.Leaks(); len(left) != 0 {
			t.Errorf("%s: leaked %+v", name, left)
		}
		return
	}
	if ret != -int64(EFAULT) {
		t.Errorf("%s: returned %d", name, ret)
	}
	if s := w.StateOf("loaded"); s != trace.Absent || len(w.list) != 1 {
		t.Errorf("%s: it is %s, the list has %d", name, s, len(w.list))
	}
	if w.dirOf("loaded") != nil || len(w.Holders(dep)) != 0 {
		t.Errorf("%s: sysfs has it still", name)
	}
	if dep.Refs != 1 || len(dep.Users) != 0 {
		t.Errorf("%s: its dependency has %d references and %d users", name, dep.Refs, len(dep.Users))
	}
	if w.symbols["loaded_a"] != nil || w.provided["fs:loaded"] != nil || len(w.inodes) != 0 {
		t.Errorf("%s: its symbols or what it registered are there", name)
	}
	var got []string
	for _, e := range w.Leaks() {
		got = append(got, string(e.Kind))
	}
	slices.Sort(got)
	if d := cmp.Diff(leaks, got); d != "" {
		t.Errorf("%s: leaks (-want +got):\n%s", name, d)
	}
	for _, e := range w.Ledger() {
		if e.Module == "loaded" && !e.m.freed {
			t.Errorf("%s: %+v is held by nobody", name, e)
		}
	}
}

// TestBrokenCopyOfLiveModule: what is wrong with a file is found before a
// module of its name is, on every kernel.
func TestBrokenCopyOfLiveModule(t *testing.T) {
	good := &File{Path: "victim.ko", Inode: 1, Spec: victim()}
	for _, p := range Profiles() {
		for name, d := range map[string]Defects{"ELF": {BadELF: true}, "CRC": {BadLayoutCRC: true}, "vermagic": {BadVermagic: true}, "signature": {BadSignature: EBADMSG}} {
			spec := victim()
			spec.Defects, spec.Taint = d, "C"
			bad := &File{Path: "bad.ko", Inode: 2, Spec: spec}
			want := -int64(ENOEXEC)
			if name == "signature" {
				want = -int64(EBADMSG)
			}
			if got, _ := loadTwo(t, p, good, bad); got != want {
				t.Errorf("%s: a copy with a bad %s: %d, want %d", p.Name, name, got, want)
			}
		}
	}
}

// TestTaintOfRefusedLoad: up to 6.1 a load that finds its module live has
// tainted the kernel already.
func TestTaintOfRefusedLoad(t *testing.T) {
	good := &File{Path: "victim.ko", Inode: 1, Spec: victim()}
	spec := victim()
	spec.Taint = "COE"
	staging := &File{Path: "staging.ko", Inode: 2, Spec: spec}
	for profile, want := range map[string]string{"v4.9": "COE", "v4.14": "COE", "v6.1": "COE", "v6.12": "OE"} {
		ret, taints := loadTwo(t, testProfile(t, profile), good, staging)
		if ret != -int64(EEXIST) || taints != want {
			t.Errorf("%s: returned %d with taints %q, want %q", profile, ret, taints, want)
		}
	}
}

// loadTwo loads one file and then another, and returns what the second gave.
func loadTwo(t *testing.T, p Profile, first, second *File) (int64, string) {
	w := New(Options{Profile: p})
	defer w.Close()
	w.Spawn("A", "insmod", func(th *Thread) int64 { return th.Load(first, "", ViaFinit, 0) })
	w.run(t, 0)
	b := w.Spawn("B", "insmod", func(th *Thread) int64 { return th.Load(second, "", ViaFinit, 0) })
	w.run(t, 0)
	return b.Exit(), w.Taints()
}

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
