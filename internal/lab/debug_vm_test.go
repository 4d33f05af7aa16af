package lab

import (
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// spawn makes a thread that will do what the words say.
func spawn(t *testing.T, d kernel.Debugger, id string, words ...string) {
	t.Helper()
	task, err := kernel.ParseTask(words)
	if err == nil {
		err = d.Spawn(t.Context(), id, task)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// look takes a snapshot.
func look(t *testing.T, d kernel.Debugger) *kernel.Snapshot {
	t.Helper()
	s, err := d.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestVMDebug steps a load by the stages of the loader, goes back, and lets it
// end twice, in a fork and in the first future, on both kernels.
func TestVMDebug(t *testing.T) {
	for _, series := range []string{"6.1", "6.12"} {
		t.Run(series, func(t *testing.T) {
			vm := openVM(t, series, Options{})
			ctx := t.Context()
			spawn(t, vm, "A", "load", "minix")
			if s := look(t, vm); s.Thread("A").Status != "ready" || s.Thread("A").At != "" || s.Pos != 1 {
				t.Fatalf("the thread at its beginning: %+v", s.Threads)
			}
			var points []string
			before := 0 // position before the insert
			for {
				stop, err := vm.Step(ctx, "A")
				if err != nil {
					t.Fatal(err)
				}
				if stop.Reason == kernel.StopDone {
					break
				}
				if points = append(points, stop.Point); stop.Point == trace.PointInsert {
					before = stop.Pos
				}
			}
			// With a test driver there are the kernel's own points between them.
			points = slices.DeleteFunc(points, func(p string) bool { return !strings.HasPrefix(p, "H") })
			want := []string{"H0", "H1", "H2", "H2", "H3", "H4", "H6", "H7"}
			if !slices.Equal(points, want) {
				t.Errorf("it stood at %v, want %v", points, want)
			}
			s := look(t, vm)
			if a := s.Thread("A"); s.State("minix") != trace.Live || a.Verdict != kernel.OK || a.Result != 0 || !s.AllDone {
				t.Errorf("at the end: minix %s, %+v", s.State("minix"), a)
			}
			if err := vm.Goto(ctx, before); err != nil {
				t.Fatal(err)
			}
			fork, err := vm.Fork(ctx)
			if err != nil {
				t.Fatal(err)
			}
			defer fork.Close()
			for _, d := range []kernel.Debugger{fork, vm} {
				s := look(t, d)
				if a := s.Thread("A"); s.State("minix") != trace.Absent || a.At != trace.PointInsert || s.Pos != before {
					t.Errorf("back at %d: minix %s, %+v", before, s.State("minix"), a)
				}
				if n := len(s.Events); n == 0 || s.Events[n-1].Point != trace.PointInsert || s.Events[n-1].Thread.ID != "A" {
					t.Errorf("the last event is %+v", s.Events[max(0, n-1):])
				}
				stop, err := d.Run(ctx, kernel.RunOptions{})
				if err != nil || stop.Reason != kernel.StopAllDone {
					t.Fatalf("run: %+v, %v", stop, err)
				}
				if s := look(t, d); s.State("minix") != trace.Live || s.Thread("A").Verdict != kernel.OK {
					t.Errorf("at the end of the fork: minix %s, %+v", s.State("minix"), s.Threads)
				}
			}
			// The other verbs are history, too.
			if r, err := vm.Load(ctx, kernel.LoadRequest{Name: "crc16"}); err != nil || r.State != trace.Live {
				t.Errorf("load: %+v, %v", r, err)
			}
			if s := look(t, vm); s.Thread("load-1") == nil || s.State("crc16") != trace.Live {
				t.Errorf("after the verb load: %+v", s.Threads)
			}
		})
	}
}
