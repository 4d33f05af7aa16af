package sim

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestMovesTellTheRun: what moves say of each position is what there is to see
// when one goes there, also in a fork and after another future was taken.
func TestMovesTellTheRun(t *testing.T) {
	target, err := Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	ctx := t.Context()
	do := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	do(target.Spawn(ctx, "A", kernel.Task{Verb: "insmod", Name: "minix"}))
	do(target.Spawn(ctx, "B", kernel.Task{Verb: "request", Name: "fs-minix"}))
	_, err = target.AddFault(ctx, kernel.Fault{Point: "W4", Thread: "A", Hold: true})
	do(err)
	_, err = target.Run(ctx, kernel.RunOptions{First: "A"})
	do(err)
	_, err = target.Run(ctx, kernel.RunOptions{First: "B"})
	do(err)
	do(target.Release(ctx, "A"))
	_, err = target.Run(ctx, kernel.RunOptions{})
	do(err)
	compare := func(target kernel.Debugger) {
		t.Helper()
		snap, err := target.Snapshot(ctx)
		do(err)
		moves := snap.Moves
		if len(moves) != snap.End {
			t.Fatalf("%d moves of %d positions", len(moves), snap.End)
		}
		held, changes := false, 0
		for i, m := range moves {
			do(target.Goto(ctx, m.Pos))
			s, err := target.Snapshot(ctx)
			do(err)
			if m.Pos != i+1 || m.Events != uint64(len(s.Events)) || m.Now != s.Now {
				t.Fatalf("move %d: %+v, but there are %d events at %d", i, m, len(s.Events), s.Now)
			}
			changes += len(m.States)
			for _, c := range m.States {
				// Unformed is told at the entry of what makes it so.
				if got := s.State(c.Module); got != c.State && c.State != trace.Unformed {
					t.Errorf("position %d: %s is %s, the move says %s", m.Pos, c.Module, got, c.State)
				}
			}
			if m.Thread == "" {
				continue
			}
			var want kernel.Move
			want.Take(s.Thread(m.Thread))
			got := kernel.Move{Thread: m.Thread, Parent: m.Parent, Status: m.Status, At: m.At, Module: m.Module, Waits: m.Waits, Killed: m.Killed, Result: m.Result, Verdict: m.Verdict}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("position %d (-there +move):\n%s", m.Pos, diff)
			}
			held = held || m.Status == "held" && m.At == "W4"
		}
		if !held || changes < 3 {
			t.Errorf("held %v, %d changes of state", held, changes)
		}
	}
	compare(target)
	do(target.Goto(ctx, 20))
	before, err := target.Snapshot(ctx)
	do(err)
	twin, err := target.Fork(ctx)
	do(err)
	defer twin.Close()
	for _, d := range []kernel.Debugger{twin, target} {
		do(d.Release(ctx, "A"))
		_, err = d.Run(ctx, kernel.RunOptions{})
		do(err)
		compare(d)
	}
	if m := before.Moves[20]; m.Kind == "release" {
		t.Error("a snapshot's moves changed when another future was taken")
	}
}
