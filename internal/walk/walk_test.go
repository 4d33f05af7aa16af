package walk_test

import (
	"context"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// TestPointsThatCount: where two kernels differ, only what both have counts.
func TestPointsThatCount(t *testing.T) {
	for _, tt := range []struct {
		versions   []string
		stop, show string
		stops      bool
		shows      bool
	}{
		{[]string{"6.12"}, "R5", "R5", true, true},
		{[]string{"6.1"}, "R5", "R5", false, false}, // no function of its own there
		{[]string{"6.12", "6.1"}, "R5", "R6", false, true},
		{[]string{"6.12"}, "L6", "L16", false, true}, // module_mutex; a tracepoint
		{[]string{"6.12"}, "H3", "S1", true, false},  // a stage of the loader; seen from outside
		{[]string{"6.12"}, "W4", "G1", true, false},
		{[]string{"6.12"}, "L8", "L8", false, false}, // only while a fault names it
	} {
		p := walk.PointsOf(tt.versions)
		if p.Stops[tt.stop] != tt.stops || p.Shown[tt.show] != tt.shows {
			t.Errorf("%v: stops at %s %v, shows %s %v", tt.versions, tt.stop, p.Stops[tt.stop], tt.show, p.Shown[tt.show])
		}
	}
}

// TestMoveGoesToTheNextStop: a move passes over points where no real kernel
// stops, helpers go on to their first stop by themselves, and what was marked
// can be gone back to.
func TestMoveGoesToTheNextStop(t *testing.T) {
	ctx := context.Background()
	d, err := sim.Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Spawn(ctx, "B", kernel.Task{Verb: "request", Name: "fs-minix"}); err != nil {
		t.Fatal(err)
	}
	w, err := walk.New(ctx, d, walk.PointsOf([]string{"6.12"}))
	if err != nil {
		t.Fatal(err)
	}
	at := func(name string) string {
		st, err := w.Look(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if th := st.Thread(name); th != nil {
			return string(th.Status) + " " + th.At
		}
		return "none"
	}
	var walked []string
	var before walk.Mark
	for range 4 {
		before = w.Mark()
		if _, _, err := w.Move(ctx, "B"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Settle(ctx, nil); err != nil {
			t.Fatal(err)
		}
		walked = append(walked, at("B"))
	}
	walked = append(walked, at("B/1"))
	// R2, R3 and R6 have no entry of their own; the fifth is where B waits.
	want := []string{"ready R1", "ready R4", "ready R5", "ready R8", "none"}
	for i := range want {
		if walked[i] != want[i] {
			t.Errorf("move %d: %q, want %q", i+1, walked[i], want[i])
		}
	}
	if _, _, err := w.Move(ctx, "B"); err != nil {
		t.Fatal(err)
	}
	if st, err := w.Settle(ctx, nil); err != nil || len(st.Order) != 1 || st.Order[0] != "B/1" {
		t.Errorf("went on by themselves: %+v, %v", st.Order, err)
	}
	if b, h := at("B"), at("B/1"); b != "waits R8" || h != "ready H0" {
		t.Errorf("B %s, B/1 %s", b, h)
	}
	if err := w.Goto(ctx, before); err != nil {
		t.Fatal(err)
	}
	if b, h := at("B"), at("B/1"); b != "ready R5" || h != "none" {
		t.Errorf("gone back: B %s, B/1 %s", b, h)
	}
}

// TestWaitMovesTheClockThenReleases: the clock goes first, a thread that is
// held is released when that does not help, and at the end nothing moves.
func TestWaitMovesTheClockThenReleases(t *testing.T) {
	ctx := context.Background()
	d, err := sim.Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Spawn(ctx, "A", kernel.Task{Verb: "insmod", Name: "victim", Params: []string{"init_ms=50"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.AddFault(ctx, kernel.Fault{Point: "W4", Hold: true}); err != nil {
		t.Fatal(err)
	}
	w, err := walk.New(ctx, d, walk.PointsOf([]string{"6.12"}))
	if err != nil {
		t.Fatal(err)
	}
	waits := 0
	for range 100 {
		out, err := w.Settle(ctx, nil)
		if err != nil {
			t.Fatal(err)
		}
		if m := out.State.Movable(); len(m) > 0 {
			if _, _, err := w.Move(ctx, m[0]); err != nil {
				t.Fatal(err)
			}
			continue
		}
		_, moved, err := w.Wait(ctx, out.State)
		if err != nil {
			t.Fatal(err)
		}
		if !moved {
			if !out.State.AllDone() || out.State.Snapshot.State("victim") != trace.Live {
				t.Errorf("the end: %+v", out.State.Threads)
			}
			break
		}
		waits++
	}
	if waits != 2 {
		t.Errorf("waited %d times, want 2: for the hold and for the sleep of init", waits)
	}
}

// TestGracePeriodsOfAMove: a load that fails waits for a grace period on its way
// out. A move is over before it, or, beside a real kernel, behind it.
func TestGracePeriodsOfAMove(t *testing.T) {
	for _, brief := range []bool{false, true} {
		ctx := t.Context()
		d, err := sim.Open("v6.12")
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.Spawn(ctx, "B", kernel.Task{Verb: "insmod", Name: "user"}); err != nil {
			t.Fatal(err)
		}
		w, err := walk.New(ctx, d, walk.PointsOf([]string{"6.12"}))
		if err != nil {
			t.Fatal(err)
		}
		w.Brief = brief
		waited, ended := false, false
		for range 30 {
			out, err := w.Settle(ctx, nil)
			if err != nil {
				t.Fatal(err)
			}
			b := out.State.Thread("B")
			waited, ended = waited || b.Status == walk.Waits, b.Status == walk.Done
			if b.Status != walk.Ready {
				break
			}
			if _, _, err := w.Move(ctx, "B"); err != nil {
				t.Fatal(err)
			}
		}
		if waited == brief || ended != brief {
			t.Errorf("brief %v: waited %v, ended %v", brief, waited, ended)
		}
	}
}
