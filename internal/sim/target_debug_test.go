package sim

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func open(t *testing.T, profile string) *Target {
	t.Helper()
	target, err := Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { target.Close() })
	return target
}

func spawn(t *testing.T, d kernel.Debugger, id string, words ...string) {
	t.Helper()
	task, err := kernel.ParseTask(words)
	if err == nil {
		err = d.Spawn(context.Background(), id, task)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func look(t *testing.T, d kernel.Debugger) *kernel.Snapshot {
	t.Helper()
	s, err := d.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// plainly compares snapshots by what they show.
var plainly = cmpopts.IgnoreFields(kernel.Snapshot{}, "IsBuiltin", "HasDir")

// TestBackIsExact takes a run of two threads apart: at every position it must
// look, when gone back to, exactly as it looked the first time, and the event
// log must agree.
func TestBackIsExact(t *testing.T) {
	ctx := context.Background()
	d := open(t, "v6.12")
	spawn(t, d, "A", "load", "ext4")
	spawn(t, d, "B", "request", "fs-ext3")
	seen := []*kernel.Snapshot{2: look(t, d)}
	for n := 0; ; n++ {
		id := []string{"A", "B", "helper-1"}[n%3]
		if _, err := d.Step(ctx, id); err != nil {
			var stuck *kernel.StuckError
			if !errors.As(err, &stuck) && !errors.Is(err, kernel.ErrNotFound) {
				t.Fatal(err)
			}
			if stop, err := d.Run(ctx, kernel.RunOptions{Stop: func(kernel.Stop, func() *kernel.Snapshot) bool { return true }}); err != nil {
				t.Fatal(err)
			} else if stop.Reason == kernel.StopAllDone {
				break
			}
		}
		pos, _ := d.Pos()
		for len(seen) < pos {
			seen = append(seen, nil) // the clock moved in between
		}
		seen = append(seen[:pos], look(t, d))
	}
	end := len(seen) - 1
	if end < 100 {
		t.Fatalf("only %d positions", end)
	}
	for _, pos := range []int{end, end - 1, end / 2, end/2 + 1, 2, end - 7, 30} {
		if seen[pos] == nil {
			continue
		}
		if err := d.Goto(ctx, pos); err != nil {
			t.Fatal(err)
		}
		got := look(t, d)
		if got.End != end {
			t.Errorf("position %d: the end is %d, not %d", pos, got.End, end)
		}
		// What is known of the positions beyond has grown; TestMovesTellTheRun
		// looks at it.
		got.End, got.Moves = seen[pos].End, seen[pos].Moves
		if diff := cmp.Diff(seen[pos], got, plainly); diff != "" {
			t.Errorf("position %d looks otherwise:\n%s", pos, diff)
		}
		if list, _ := d.Events().After(0, 0); len(list) != len(got.Events) {
			t.Errorf("position %d: %d events in the log, %d happened", pos, len(list), len(got.Events))
		}
	}
	// Doing something there forgets the rest.
	spawn(t, d, "C", "rmmod", "nosuch")
	if pos, last := d.Pos(); pos != last || pos != 31 {
		t.Errorf("after something else was done at 30: position %d of %d", pos, last)
	}
}

// TestForkGoesItsOwnWay lets two futures end differently.
func TestForkGoesItsOwnWay(t *testing.T) {
	ctx := context.Background()
	d := open(t, "v6.1")
	spawn(t, d, "A", "insmod", "minix")
	if _, err := d.Run(ctx, kernel.RunOptions{Stop: func(at kernel.Stop, _ func() *kernel.Snapshot) bool { return at.Point == "L13" }}); err != nil {
		t.Fatal(err)
	}
	other, err := d.Fork(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, err := other.AddFault(ctx, kernel.Fault{Point: "L14", Fail: int(EINVAL)}); err != nil {
		t.Fatal(err)
	}
	for _, f := range []kernel.Debugger{other, d} {
		if stop, err := f.Run(ctx, kernel.RunOptions{}); err != nil || stop.Reason != kernel.StopAllDone {
			t.Fatalf("%+v, %v", stop, err)
		}
	}
	if here, there := look(t, d).State("minix"), look(t, other).State("minix"); here != trace.Live || there != trace.Absent {
		t.Errorf("minix is %s, and %s in the fork; want live, and absent", here, there)
	}
}

// TestRunEnds ends runs in each way there is.
func TestRunEnds(t *testing.T) {
	ctx := context.Background()
	for _, tc := range []struct {
		name  string
		set   func(d *Target)
		o     kernel.RunOptions
		want  kernel.Reason
		after time.Duration
	}{
		{"all done", func(d *Target) { spawn(t, d, "A", "load", "minix") }, kernel.RunOptions{}, kernel.StopAllDone, 0},
		{"nobody there", func(*Target) {}, kernel.RunOptions{}, kernel.StopAllDone, 0},
		{"one done", func(d *Target) { spawn(t, d, "A", "load", "minix"); spawn(t, d, "B", "load", "slow") }, kernel.RunOptions{Until: "A", First: "A"}, kernel.StopDone, 0},
		{"held", func(d *Target) { spawn(t, d, "A", "load", "minix"); fault(t, d, kernel.Fault{Point: "W4", Hold: true}) }, kernel.RunOptions{}, kernel.StopHeld, 0},
		{"time", func(d *Target) { spawn(t, d, "A", "load", "slow") }, kernel.RunOptions{For: 300 * time.Millisecond}, kernel.StopTime, 300 * time.Millisecond},
		{"time alone", func(*Target) {}, kernel.RunOptions{For: 300 * time.Millisecond}, kernel.StopTime, 300 * time.Millisecond},
		{"clock stands", func(d *Target) { spawn(t, d, "A", "load", "slow") }, kernel.RunOptions{Frozen: true}, kernel.StopFrozen, 0},
		{"deadlock", func(d *Target) {
			if err := d.Set(ctx, "helper=stuck"); err != nil {
				t.Fatal(err)
			}
			spawn(t, d, "A", "request", "minix")
		}, kernel.RunOptions{}, kernel.StopDeadlock, 0},
	} {
		d := open(t, "v6.12")
		tc.set(d)
		stop, err := d.Run(ctx, tc.o)
		if err != nil || stop.Reason != tc.want || tc.after > 0 && stop.Now != int64(tc.after) {
			t.Errorf("%s: %s at %v, %v; want %s at %v", tc.name, stop.Reason, time.Duration(stop.Now), err, tc.want, tc.after)
		}
	}
}

func fault(t *testing.T, d kernel.Debugger, f kernel.Fault) {
	t.Helper()
	if _, err := d.AddFault(context.Background(), f); err != nil {
		t.Fatal(err)
	}
}

// TestHeldOnly tells a deadlock from threads that wait for one that is held.
func TestHeldOnly(t *testing.T) {
	ctx := context.Background()
	d := open(t, "v6.12")
	fault(t, d, kernel.Fault{Point: "L17", Hold: true})
	spawn(t, d, "A", "insmod", "minix")
	spawn(t, d, "B", "insmod", "minix")
	for _, want := range []kernel.Reason{kernel.StopHeld, kernel.StopOnlyHeld} {
		if stop, err := d.Run(ctx, kernel.RunOptions{}); err != nil || stop.Reason != want {
			t.Fatalf("%+v, %v; want %s", stop, err, want)
		}
	}
	if s := look(t, d); s.Deadlock || s.AllDone {
		t.Errorf("deadlock %v, all done %v", s.Deadlock, s.AllDone)
	}
	if err := d.Release(ctx, "A"); err != nil {
		t.Fatal(err)
	}
	if stop, err := d.Run(ctx, kernel.RunOptions{}); err != nil || stop.Reason != kernel.StopAllDone {
		t.Fatalf("%+v, %v", stop, err)
	}
}

// TestLies starts every kind of helper; the results are those measured on
// 6.1 and 6.12.
func TestLies(t *testing.T) {
	ctx := context.Background()
	for form, want := range map[string]int64{
		"real": 0, "exit:0": 0, "exit:1": 256, "exit:3": 768, "exit:255": 65280, "killed": 9,
		"missing": -int64(ENOENT), "noexec": -int64(EACCES), "badformat": -int64(ENOEXEC), "slow:2s": 0,
	} {
		d := open(t, "v6.12")
		if err := d.Set(ctx, "helper=exit:7"); err != nil {
			t.Fatal(err)
		}
		if err := d.Set(ctx, "helper="+form); err != nil {
			t.Fatal(err)
		}
		spawn(t, d, "A", "request", "minix")
		if _, err := d.Run(ctx, kernel.RunOptions{}); err != nil {
			t.Fatal(err)
		}
		o, err := d.Outcome(ctx, "A")
		if err != nil || o.Ret != want {
			t.Errorf("helper %s: the request returned %d, %v; want %d", form, o.Ret, err, want)
		}
		honest := form == "real" || form == "slow:2s"
		if live := look(t, d).State("minix") == trace.Live; live != honest {
			t.Errorf("helper %s: minix live %v", form, live)
		}
	}
	for _, form := range []string{"", "exit:256", "exit:-1", "slow:", "slow:9999h", "nonesuch"} {
		var words *kernel.WordsError
		if err := open(t, "v6.12").Set(ctx, "helper="+form); !errors.As(err, &words) {
			t.Errorf("helper=%s: %v", form, err)
		}
	}
}
