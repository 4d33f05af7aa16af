package sim

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/trace"
	"github.com/google/go-cmp/cmp"
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
