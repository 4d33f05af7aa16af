package lab

import (
	"errors"
	"syscall"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// live says whether a module is live in a machine.
func live(t *testing.T, vm *target, name string) bool {
	t.Helper()
	list, err := vm.Modules(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range list {
		if m.Name == name {
			return m.State == trace.Live
		}
	}
	return false
}

func mustLoad(t *testing.T, vm *target, name string) {
	t.Helper()
	if r, err := vm.Load(t.Context(), kernel.LoadRequest{Name: name}); err != nil || r.State != trace.Live {
		t.Fatalf("load %s: %+v, %v", name, r, err)
	}
}

// mustSave makes a checkpoint.
func mustSave(t *testing.T, vm *target, pos int) {
	t.Helper()
	began := time.Now()
	if err := vm.checkpoint(t.Context(), pos); err != nil {
		t.Fatal(err)
	}
	t.Log("saved in", time.Since(began))
}

// mustGo takes a machine to a position for which there is a checkpoint.
func mustGo(t *testing.T, vm *target, pos int) {
	t.Helper()
	began := time.Now()
	if at, err := vm.restoreTo(t.Context(), pos); err != nil || at != pos {
		t.Fatalf("going to %d came to %d: %v", pos, at, err)
	}
	t.Log("went in", time.Since(began))
}

// story returns all events of a machine, which must be whole.
func wholeStory(t *testing.T, vm *target) []trace.Event {
	t.Helper()
	if err := vm.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	events, missed := vm.Events().After(0, 0)
	if missed != 0 {
		t.Errorf("%d events are gone", missed)
	}
	for i, e := range events {
		if e.Seq != uint64(i+1) || e.Lost != 0 {
			t.Fatalf("event %d of %d has number %d, and %d were lost", i, len(events), e.Seq, e.Lost)
		}
		if i > 0 && e.Time < events[i-1].Time {
			t.Errorf("the guest's clock went back at event %d", i)
		}
	}
	return events
}

// TestVMCheckpoint goes back and forth on both kernels: what was loaded after
// a checkpoint is not there any more, and the events say so.
func TestVMCheckpoint(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			vm := openVM(t, series, Options{})
			ctx := t.Context()
			if _, err := vm.restoreTo(ctx, 3); !errors.Is(err, errNoCheckpoint) {
				t.Errorf("without a checkpoint: %v", err)
			}
			mustSave(t, vm, 0)
			mustLoad(t, vm, "crc16")
			mustSave(t, vm, 1)
			mustLoad(t, vm, "mbcache")
			mustSave(t, vm, 2)
			first := wholeStory(t, vm)
			mustGo(t, vm, 1)
			if !live(t, vm, "crc16") || live(t, vm, "mbcache") {
				t.Error("at position 1 there is crc16 and no mbcache, but not here")
			}
			mustGo(t, vm, 0)
			if live(t, vm, "crc16") {
				t.Error("crc16 is at position 0")
			}
			if n := len(wholeStory(t, vm)); n > len(first)/2 {
				t.Errorf("%d events at position 0, %d at the end", n, len(first))
			}
			if at, err := vm.restoreTo(ctx, 9); err != nil || at != 2 {
				t.Errorf("going to 9 came to %d: %v", at, err)
			}
			if !live(t, vm, "mbcache") {
				t.Error("mbcache is not at position 2")
			}
			// Nothing happens after position 2 that was not there the first time.
			again := wholeStory(t, vm)
			for i := range min(len(first), len(again)) {
				if first[i].Point != again[i].Point || first[i].Module != again[i].Module || first[i].Time != again[i].Time {
					t.Fatalf("event %d was %+v and is %+v", i, first[i], again[i])
				}
			}
			if len(again) < len(first) {
				t.Errorf("of %d events %d are back", len(first), len(again))
			}
			forks(t, vm)
			underWay(t, vm)
			comesBackToLife(t, vm)
			left(t, vm)
			emptyTmpOf(t, vm)
		})
	}
}

// forks makes a second future from position 1. Each has its own modules and
// events, and the fork outlives the first.
func forks(t *testing.T, vm *target) {
	ctx := t.Context()
	f, at, err := vm.forkAt(ctx, 1)
	if err != nil || at != 1 {
		t.Fatalf("forked at %d: %v", at, err)
	}
	defer f.Close()
	mustGo(t, vm, 1)
	mustLoad(t, vm, "mbcache")
	mustLoad(t, f, "minix")
	if live(t, vm, "minix") || live(t, f, "mbcache") || !live(t, f, "crc16") {
		t.Error("the two futures mix")
	}
	for _, e := range wholeStory(t, f) {
		if e.Module == "mbcache" {
			t.Errorf("the fork's events have %+v", e)
		}
	}
	wholeStory(t, vm)
	mustGo(t, f, 0)
	if live(t, f, "crc16") {
		t.Error("crc16 is at the fork's position 0")
	}
	if _, ok := f.nearest(2); !ok || f.vm.guard.dir.Path == vm.vm.guard.dir.Path {
		t.Error("the fork shares more than its past")
	}
	left(t, f)
	if !live(t, vm, "mbcache") {
		t.Error("the first is not what it was when its fork is closed")
	}
}

// begins waits until a load that was just asked for has begun.
func begins(t *testing.T, vm *target, seq uint64) {
	t.Helper()
	await(t, vm, seq, trace.PointStarted)
}

// await waits for an event after number seq, and returns its number.
func await(t *testing.T, vm *target, seq uint64, point string) uint64 {
	t.Helper()
	for {
		changed := vm.Events().Changed()
		events, _ := vm.Events().After(seq, 0)
		for _, e := range events {
			if e.Point == point {
				return e.Seq
			}
		}
		if err := vm.Err(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-changed:
		case <-time.After(time.Minute):
			t.Fatalf("no %s after event %d", point, seq)
		}
	}
}

// underWay saves a machine in the middle of a load. Brought back, the load goes
// on there and is whole, though nobody waits for its answer; a call that is
// under way when the machine is replaced is told.
func underWay(t *testing.T, vm *target) {
	ctx := t.Context()
	seq := vm.Events().Last()
	answer := make(chan error, 1)
	load := func(name string) {
		_, err := vm.Load(ctx, kernel.LoadRequest{Name: name})
		answer <- err
	}
	go load("ext4")
	begins(t, vm, seq)
	mustSave(t, vm, 3)
	if live(t, vm, "ext4") {
		t.Fatal("the load was over before it could be saved")
	}
	mustGo(t, vm, 3)
	if err := <-answer; !errors.Is(err, errWentBack) {
		t.Errorf("the call that was under way got %v", err)
	}
	p := vm.running().pulse // a machine of which nobody wants anything stands
	if err := p.begin(ctx); err != nil {
		t.Fatal(err)
	}
	await(t, vm, seq, trace.PointExit)
	p.end()
	if !live(t, vm, "ext4") {
		t.Error("the load that was under way did not go on")
	}
	wholeStory(t, vm)
}

// comesBackToLife kills QEMU under a machine that has a past.
func comesBackToLife(t *testing.T, vm *target) {
	syscall.Kill(vm.running().guard.qemuPID(), syscall.SIGKILL)
	if _, err := vm.Modules(t.Context()); err == nil {
		t.Error("a dead machine answers")
	}
	if vm.Events().Closed() {
		t.Error("the log is closed, but the machine can go back")
	}
	if err := vm.checkpoint(t.Context(), 9); err == nil {
		t.Error("a dead machine was saved")
	}
	mustGo(t, vm, 1)
	if vm.Err() != nil || !live(t, vm, "crc16") {
		t.Errorf("back from the dead: %v", vm.Err())
	}
}
