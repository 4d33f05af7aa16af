package sim

import (
	"reflect"
	"testing"

	"example.org/kmodsh/internal/trace"
)

// A row of fieldRows says of one field what a search does with it: change it
// and the state has another name, or why it makes no difference to any thread.
type fieldRow struct {
	why    string // why it is in no digest, "" where change is given
	change func(*scene)
}

// scene is a world with something in it: minix was loaded by A, a request by B
// is under way, its helper has begun.
type scene struct {
	w       *World
	a, b, h *Thread
	m       *Module // minix, live
}

// harness is what the model is made of and no part of the kernel.
const harness = "part of the simulator, not of what it simulates"

func fieldRows() map[string]fieldRow {
	in := func(change func(*scene)) fieldRow { return fieldRow{change: change} }
	no := func(why string) fieldRow { return fieldRow{why: why} }
	const (
		byHistory = "follows from the thread's history: nobody else changes it"
		leftOnly  = "left behind, and looked at by no thread"
		constant  = "changes only between runs"
		unlisted  = "only the thread that loads or unloads the module looks at it"
	)
	return map[string]fieldRow{
		"World.Profile":   no(constant),
		"World.now":       in(func(s *scene) { s.w.now++ }),
		"World.steps":     no(harness + "; threadState.looked is compared with it within one step only"),
		"World.closed":    no(harness),
		"World.threads":   in(func(s *scene) { s.w.threads = s.w.threads[:2] }),
		"World.byID":      no(harness),
		"World.current":   no(harness),
		"World.driver":    no(harness),
		"World.chosen":    no(harness),
		"World.idle":      no(harness),
		"World.spare":     no(harness),
		"World.unwinding": no(harness),
		"World.sleepers":  no(harness + ": the memory of those in queues"),
		"World.tracking":  no(harness),
		"World.lastPID":   no("the numbers of processes are shown, no thread goes by them"),
		"World.tied":      no("the numbers of requests are in events only"),
		"World.events":    no(leftOnly),
		"World.quiet":     no(harness),
		"World.log":       no(leftOnly + ": the loader puts what was logged into its error's text"),
		"World.list":      in(func(s *scene) { s.w.list = nil }),
		"World.mm":        in(func(s *scene) { s.w.mm.owner = s.a }),
		"World.wq":        no("who sleeps on it follows from the histories; which were woken is in the image"),
		"World.builtins":  no(constant),
		"World.dirs":      no(constant),
		"World.symbols":   in(func(s *scene) { s.w.setExporter("minix_ops", nil) }),
		"World.provided":  in(func(s *scene) { s.w.setProvider("fs:minix", nil) }),
		"World.taints":    no(leftOnly + ": it decides whether a line is logged"),
		"World.lastGone":  no(leftOnly),
		"World.inodes":    in(func(s *scene) { s.w.setNamed(s.w.resource(ofInode, "", 4711), 1) }),

		"World.ModprobePath": in(func(s *scene) { s.w.ModprobePath = "/x" }),
		"World.UMH":          in(func(s *scene) { s.w.UMH = UMHFreezing }),
		"World.umhCallers":   in(func(s *scene) { s.w.umhCallers++ }),
		"World.umhQueue":     no("who sleeps on it follows from the histories; which were woken is in the image"),
		"World.permits":      in(func(s *scene) { s.w.permits.max, s.w.permits.used = 3, 2 }),
		"World.programs":     no(constant),
		"World.helpers":      no("the numbers in helpers' names; where a fault goes by such a name, so does the state"),
		"World.files":        no(constant),
		"World.Policy":       in(func(s *scene) { s.w.Policy = "kmod19" }),
		"World.helper":       in(func(s *scene) { s.w.helper = "exit:1" }),
		"World.ledger": in(func(s *scene) {
			s.w.ledger.open = append(s.w.ledger.open, Entry{Kind: KindArgs, m: &Module{freed: true}})
		}),
		"World.faults":      in(func(s *scene) { s.w.faults.plan = []*planned{{Fault: Fault{Hit: 2}, hits: 1}} }),
		"World.kernelState": no("its fields have rows of their own"),

		"kernelState.vermagic":        no(constant),
		"kernelState.modulesDisabled": in(func(s *scene) { s.w.modulesDisabled = true }),
		"kernelState.blacklist":       no(constant),
		"kernelState.printed":         no(leftOnly + ": it decides whether a line is logged"),
		"kernelState.limits":          no(leftOnly + ": it decides whether a line is logged"),
		"kernelState.audit":           no(leftOnly),
		"kernelState.uevents":         in(func(s *scene) { s.w.uevent("add", s.m) }),
		"kernelState.ueventQ":         no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.stats":           no(leftOnly),
		"kernelState.placed":          no("addresses are shown, no thread goes by them"),
		"kernelState.async":           in(func(s *scene) { s.w.async++ }),
		"kernelState.asyncs":          no("the numbers in workers' names"),
		"kernelState.asyncQ":          no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.dups":            in(func(s *scene) { s.w.setNamed(s.w.resource(ofRequest, "x", 0), (&dupRequest{done: true}).digest()) }),
		"kernelState.workers":         in(func(s *scene) { s.w.Profile.Workers = 1; s.w.compare(); s.w.workers++ }),
		"kernelState.workQueue":       in(func(s *scene) { s.w.Profile.Workers = 1; s.w.compare(); s.w.workQueue = []*work{{helper: s.h}} }),
		"kernelState.workQ":           no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.umhStateQ":       no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.root":            in(func(s *scene) { s.w.root++ }),
		"kernelState.rootGone":        in(func(s *scene) { s.w.rootGone++ }),
		"kernelState.rootFrozen":      in(func(s *scene) { s.w.rootFrozen = true }),
		"kernelState.rootQ":           no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.frozen":          in(func(s *scene) { s.w.frozen = true }),
		"kernelState.frozenQ":         no("who sleeps on it follows from the histories; which were woken is in the image"),
		"kernelState.mounts":          in(func(s *scene) { s.w.mounts = []mount{{fs: "minix"}} }),
		"kernelState.lives":           in(func(s *scene) { s.w.turns("minix") }),
		"kernelState.config":          in(func(s *scene) { s.w.config.text = "blacklist x\n" }),
		"kernelState.seqAsked":        in(func(s *scene) { s.w.firstSeqRequest(3) }),

		"Thread.ID":          no("a name; where a fault goes by such a name, so does the state"),
		"Thread.PID":         no("the numbers of processes are shown, no thread goes by them"),
		"Thread.Comm":        no("shown, no thread goes by it"),
		"Thread.Parent":      no("follows from the key"),
		"Thread.w":           no(harness),
		"Thread.index":       no(harness + ": it names a step of a schedule, and the file of an insmod --copy, which is in the history by its name"),
		"Thread.status":      in(func(s *scene) { s.b.status = Held }),
		"Thread.co":          no(harness),
		"Thread.body":        no(constant),
		"Thread.seen":        in(func(s *scene) { s.b.seen.history++ }),
		"Thread.at":          no(byHistory),
		"Thread.module":      no(byHistory),
		"Thread.wait":        in(func(s *scene) { s.b.wait.result++ }),
		"Thread.user":        no(byHistory),
		"Thread.pending":     in(func(s *scene) { s.b.pending = SIGKILL }),
		"Thread.request":     no("the numbers of requests are in events only"),
		"Thread.exit":        no("in the history when the thread has ended"),
		"Thread.threadState": no("its fields have rows of their own"),
		"Thread.outcome":     no("in the history when the thread has ended"),

		"threadState.async":    no(byHistory),
		"threadState.helper":   no(byHistory),
		"threadState.root":     no(byHistory + ": the root when it began, which every step has in its history"),
		"threadState.lie":      no(byHistory),
		"threadState.commands": no(byHistory),
		"threadState.looked":   no("compared within one step only"),

		"Module.Spec":       no("follows from the name"),
		"Module.Name":       in(func(s *scene) { s.m.Name = "other" }),
		"Module.State":      in(func(s *scene) { s.m.State = trace.Going }),
		"Module.Refs":       in(func(s *scene) { s.m.Refs++ }),
		"Module.Uses":       in(func(s *scene) { s.m.Uses = []*Module{s.m} }),
		"Module.Users":      in(func(s *scene) { s.m.Users = []*Module{s.m} }),
		"Module.Sysfs":      in(func(s *scene) { s.m.Sysfs = Sysfs{} }),
		"Module.InitGone":   in(func(s *scene) { s.m.InitGone = false }),
		"Module.Taints":     in(func(s *scene) { s.m.Taints = "P" }),
		"Module.Args":       in(func(s *scene) { s.m.Args = []Arg{{Name: "exit_ms", Value: "5"}} }),
		"Module.Loader":     no(harness),
		"Module.base":       no("addresses are shown, no thread goes by them"),
		"Module.onList":     in(func(s *scene) { s.m.onList = false; s.w.list = nil }),
		"Module.freed":      no("a module is freed when it is off the list; what it leaves is in the digest of the ledger"),
		"Module.packed":     no(unlisted),
		"Module.imageFreed": no(unlisted),
		"Module.perCPU":     no("follows from the file, once the module can be found"),
		"Module.unsigned":   no(unlisted),
		"Module.usesGPL":    no(unlisted),
		"Module.announced":  in(func(s *scene) { s.m.announced = !s.m.announced }),
		"Module.opened":     in(func(s *scene) { s.m.opened = true }),

		"Sysfs.Dir":        in(func(s *scene) { s.m.Sysfs.Dir = false }),
		"Sysfs.Holders":    in(func(s *scene) { s.m.Sysfs.Holders = false }),
		"Sysfs.Parameters": in(func(s *scene) { s.m.Sysfs.Parameters = !s.m.Sysfs.Parameters }),
		"Sysfs.Files":      in(func(s *scene) { s.m.Sysfs.Files = nil }),
		"Sysfs.Linked":     in(func(s *scene) { s.m.Sysfs.Linked = []*Module{s.m} }),
		"Sysfs.Sections":   in(func(s *scene) { s.m.Sysfs.Sections = false }),
		"Sysfs.Notes":      in(func(s *scene) { s.m.Sysfs.Notes = false }),

		"permits.max":   no(constant),
		"permits.used":  in(func(s *scene) { s.w.permits.max = 3; s.w.compare(); s.w.permits.used++ }),
		"permits.loops": no(leftOnly + ": it decides whether a line is logged"),
		"permits.q":     no("all are woken at once; who is first in the semaphore's line is in permits.queued"),
		"permits.queued": in(func(s *scene) {
			s.w.permits.queued = []*grant{{t: s.a}, {t: s.b}}
		}),

		"observer.key":      in(func(s *scene) { s.b.seen.key++ }),
		"observer.root":     in(func(s *scene) { s.h.seen.root = s.a.seen.key }),
		"observer.name":     no(harness),
		"observer.class":    in(func(s *scene) { s.b.seen.class++ }),
		"observer.children": no(byHistory),
		"observer.history":  in(func(s *scene) { s.b.seen.history++ }),
		"observer.told":     in(func(s *scene) { s.b.seen.told++ }),
		"observer.depth":    in(func(s *scene) { s.b.seen.depth++ }),
		"observer.woken":    in(func(s *scene) { s.b.seen.woken++ }),
		"observer.own":      in(func(s *scene) { s.b.seen.own = !s.b.seen.own }),
	}
}

// newScene makes one.
func newScene(t *testing.T) *scene {
	t.Helper()
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	r := NewRun(sys, testProfile(t, "v6.12"))
	t.Cleanup(r.Close)
	do := func(a Action) {
		if err := r.Do(a); err != nil {
			t.Fatal(err)
		}
	}
	do(Action{Kind: DoSpawn, Thread: "A", Task: &Task{Verb: "insmod", Name: "minix"}})
	if err := r.Finish("A"); err != nil {
		t.Fatal(err)
	}
	do(Action{Kind: DoSpawn, Thread: "B", Task: &Task{Verb: "request", Name: "victim"}})
	w := r.World()
	for w.Thread("helper-1") == nil {
		do(Action{Kind: DoStep, Thread: "B"})
	}
	do(Action{Kind: DoStep, Thread: "helper-1"})
	s := &scene{w, w.Thread("A"), w.Thread("B"), w.Thread("helper-1"), w.list[0]}
	w.Track(true)
	return s
}

// TestEveryFieldIsAccountedFor: a field that is new has to be put into a
// digest, or to be shown to make no difference; and what is said to be in a
// digest changes the state's name.
func TestEveryFieldIsAccountedFor(t *testing.T) {
	rows := fieldRows()
	used := map[string]bool{}
	for _, v := range []any{World{}, kernelState{}, Thread{}, threadState{}, Module{}, Sysfs{}, permits{}, observer{}} {
		typ := reflect.TypeOf(v)
		for i := range typ.NumField() {
			name := typ.Name() + "." + typ.Field(i).Name
			row, ok := rows[name]
			used[name] = true
			switch {
			case !ok:
				t.Errorf("%s is in no row: what does a search do with it?", name)
			case (row.why == "") == (row.change == nil):
				t.Errorf("%s is to be either in a digest or left out", name)
			case row.change != nil:
				s := newScene(t)
				before := s.w.StateHash()
				row.change(s)
				s.w.settings = 0
				s.w.compare()
				if s.w.StateHash() == before {
					t.Errorf("%s changed, and the state has the same name", name)
				}
			}
		}
	}
	for name := range rows {
		if !used[name] {
			t.Errorf("there is no field %s", name)
		}
	}
}
