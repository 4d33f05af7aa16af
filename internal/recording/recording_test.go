package recording

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

var ctx = context.Background()

// snapshots draws a history of snapshots: threads and modules come, change, go
// and change places, and the log is cut at its beginning.
func snapshots(t *rapid.T) []*kernel.Snapshot {
	var list []*kernel.Snapshot
	log := []string{}
	for pos := range rapid.IntRange(1, 150).Draw(t, "positions") {
		s := &kernel.Snapshot{
			Target: "sim:x", Kernel: "6.12", Pos: pos, Now: int64(pos / 3), Policy: rapid.SampledFrom([]string{"kmod19", "verified"}).Draw(t, "policy"),
			Permits: kernel.Permits{Used: rapid.IntRange(0, 2).Draw(t, "used"), Max: 50},
		}
		for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c", "d"}), 0, 4, rapid.ID).Draw(t, "modules") {
			s.Modules = append(s.Modules, kernel.ModuleState{Name: name, State: trace.Live, Refs: rapid.Int64Range(0, 1).Draw(t, "refs")})
		}
		for i := range rapid.IntRange(0, 4).Draw(t, "threads") {
			s.Threads = append(s.Threads, kernel.ThreadState{ID: fmt.Sprint(i), At: rapid.SampledFrom([]string{"L1", "L2"}).Draw(t, "at")})
		}
		if rapid.Bool().Draw(t, "listed") {
			s.Listed = []kernel.Module{{Name: "a", State: trace.Live}}
		}
		for range rapid.IntRange(0, 2).Draw(t, "lines") {
			log = append(log, rapid.SampledFrom([]string{"x", "y"}).Draw(t, "line"))
		}
		log = log[max(0, len(log)-5):]
		s.Log = append([]string(nil), log...)
		list = append(list, s)
	}
	return list
}

// TestPositionsComeBack: every position that was written is read as it was, from
// whichever side it is come to.
func TestPositionsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := snapshots(t)
		var b bytes.Buffer
		w, err := NewWriter(&b, Header{Target: "sim:x", Kernel: "6.12", Steps: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, s := range list {
			w.Event(trace.Event{Seq: uint64(i + 1), Point: "L1"})
			w.Snapshot(s)
		}
		if err := w.Close(""); err != nil {
			t.Fatal(err)
		}
		r, err := Read(&b)
		if err != nil || r.Missing != "" {
			t.Fatal(err, r)
		}
		for range 20 {
			pos := rapid.IntRange(0, len(list)-1).Draw(t, "pos")
			got := r.At(pos)
			if len(got.Events) != pos+1 {
				t.Fatalf("position %d has %d events", pos, len(got.Events))
			}
			ignore := cmpopts.IgnoreFields(kernel.Snapshot{}, "Events", "End", "Moves", "IsBuiltin", "HasDir")
			if d := cmp.Diff(list[pos], got, ignore, cmpopts.EquateEmpty()); d != "" {
				t.Fatalf("position %d (-written +read):\n%s", pos, d)
			}
		}
	})
}

// small is a trace with one of every line.
func small(t testing.TB, steps bool) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Target: "vm:6.12", Kernel: "6.12", Steps: steps, Builtin: []string{"ext2"}})
	if err != nil {
		t.Fatal(err)
	}
	snap := func(pos int) *kernel.Snapshot {
		return &kernel.Snapshot{
			Pos: pos, Now: int64(pos), Listed: []kernel.Module{{Name: "loop", State: trace.Live}},
			Threads: []kernel.ThreadState{{ID: "A", Status: "ready", At: fmt.Sprint("L", pos)}}, Log: []string{"one", "two"}[:min(pos, 2)],
		}
	}
	w.Snapshot(snap(0))
	w.Action(1, map[string]string{"do": "step", "thread": "A"}, 2)
	w.Event(trace.Event{Seq: 11, Point: "R6", Thread: trace.Thread{PID: 7, Comm: "mount"}, Request: 3, Name: "fs-minix"})
	w.Event(trace.Event{Seq: 14, Point: "H6", Thread: trace.Thread{PID: 9, Comm: "modprobe"}, Request: 3, Module: "minix", Detail: "premature: coming"})
	w.Snapshot(snap(1))
	w.Snapshot(snap(2))
	w.Event(trace.Event{Seq: 15, Time: 5, Point: "S1", Module: "minix", State: trace.Coming})
	w.Event(trace.Event{Seq: 16, Time: 6, Point: "H7", Thread: trace.Thread{PID: 9, Comm: "modprobe"}, Request: 3, Ret: trace.Int(0)})
	w.Verb(Verb{Line: "load minix", Text: "done\n"})
	w.Schedule(map[string]int{"a": 1})
	w.Died(map[string]string{"do": "step"}, "kernel panic: x")
	if err := w.Close(""); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestEventTrace: a trace of a target that was not stepped has a position for
// each event, with the modules and threads that events tell of.
func TestEventTrace(t *testing.T) {
	r, err := Read(bytes.NewReader(small(t, false)))
	if err != nil || r.Missing != "" {
		t.Fatal(err, r)
	}
	target := newTarget("trace:x", r)
	at := func(pos int) *kernel.Snapshot {
		if err := target.Goto(ctx, pos); err != nil {
			t.Fatal(err)
		}
		s, err := target.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	end := at(4)
	if end.State("minix") != trace.Coming || end.State("loop") != trace.Live || end.State("ext2") != trace.Builtin || len(end.Listed) != 2 {
		t.Errorf("at the end: %+v", end.Modules)
	}
	helper := end.Thread("modprobe-9")
	if helper == nil || !helper.Done || helper.Verdict != kernel.Premature || helper.Parent != "mount-7" {
		t.Errorf("the helper: %+v", helper)
	}
	if before := at(1); before.State("minix") != trace.Absent || len(before.Threads) != 1 {
		t.Errorf("after one event: %+v %+v", before.Modules, before.Threads)
	}
	if list, _ := target.Events().After(0, 0); len(list) != 1 || list[0].Seq != 1 {
		t.Errorf("events after going back: %+v", list)
	}
	at(4)
	if list, _ := target.Events().After(0, 0); len(list) != 4 || list[1].Lost != 2 {
		t.Errorf("events at the end: %+v", list)
	}
}

// TestNothingCanBeDone asks for every operation that acts.
func TestNothingCanBeDone(t *testing.T) {
	r, err := Read(bytes.NewReader(small(t, true)))
	if err != nil {
		t.Fatal(err)
	}
	target := newTarget("trace:x", r)
	_, loadErr := target.Load(ctx, kernel.LoadRequest{Name: "minix"})
	_, unloadErr := target.Unload(ctx, kernel.UnloadRequest{Name: "minix"})
	_, requestErr := target.Request(ctx, "minix")
	_, treeErr := target.Tree()
	_, stepErr := target.Step(ctx, "A")
	_, runErr := target.Run(ctx, kernel.RunOptions{})
	_, faultErr := target.AddFault(ctx, kernel.Fault{})
	for i, err := range []error{
		loadErr, unloadErr, requestErr, treeErr, stepErr, runErr, faultErr, target.Spawn(ctx, "A", kernel.Task{}),
		target.Release(ctx, "A"), target.Signal(ctx, "A", "KILL"), target.RemoveFault(ctx, 1), target.Set(ctx, "a=b"),
	} {
		var no *kernel.UnsupportedError
		if !errors.As(err, &no) || no.Why == "" || len(no.Try) != 1 || no.Try[0] != "vm:6.12" {
			t.Errorf("operation %d: %v", i, err)
		}
	}
	if err := target.Goto(ctx, 9); err == nil {
		t.Error("went to a position that is not there")
	}
	twin, err := target.Fork(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := twin.Goto(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if pos, _ := target.Pos(); pos != 2 {
		t.Errorf("a second view moved the first to %d", pos)
	}
	if err := target.Close(); err != nil || !errors.Is(target.Err(), kernel.ErrClosed) {
		t.Error("closing it")
	}
}
