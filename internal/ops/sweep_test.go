package ops_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"github.com/google/go-cmp/cmp"
)

// swept sweeps and returns, by point, what stays behind.
func swept(t *testing.T, s *ops.Session, words ...string) (map[string]string, *ops.SweepResult, error) {
	t.Helper()
	res, err := s.Exec(context.Background(), append([]string{"sweep", "fail"}, words...))
	r, ok := res.(*ops.SweepResult)
	if !ok {
		t.Fatalf("%v: %v", words, err)
	}
	left := map[string]string{}
	for _, row := range r.Rows {
		if len(row.Left) > 0 {
			left[row.Point] = strings.Join(row.Left, "; ")
		}
	}
	return left, r, err
}

// TestSweepFindsTheEarlyLeak: up to 4.10 a load that fails between parsing its
// parameters and its init keeps their strings (a5544880aff9), and one that
// fails among its attribute files keeps their array; later kernels keep nothing.
func TestSweepFindsTheEarlyLeak(t *testing.T) {
	const s = "parameter string s of L13"
	left, r, err := swept(t, simulated(), "--on", "sim:v4.9")
	want := map[string]string{"L13": s, "L14": s, "L15": s, "W0": s, "W1": s, "W2": s, "W3": s, "W4": s, "W5": s + "; attribute array of W5"}
	if d := cmp.Diff(want, left); d != "" || ops.ExitCode(err) != ops.ExitFailed {
		t.Errorf("v4.9: %v\n%s", err, d)
	}
	for _, row := range r.Rows {
		if goesOn := row.Point == "L12" || row.Point == "W7" || row.Point == "W8"; row.Hits > 0 && (row.Ret == 0) != goesOn {
			t.Errorf("v4.9, %s: returned %d", row.Point, row.Ret)
		}
	}
	for _, words := range [][]string{{"--on", "sim:v6.1"}, {"--on", "sim:v6.12", "--every-errno"}, {"--on", "sim:v6.1", "ext4"}} {
		left, r, err := swept(t, simulated(), words...)
		if len(left) > 0 || err != nil {
			t.Errorf("%v: %v, %v", words, left, err)
		}
		if len(r.Rows) < 25 || len(words) == 3 && words[2] == "--every-errno" && len(r.Rows) < 40 {
			t.Errorf("%v: %d rows", words, len(r.Rows))
		}
	}
}

// accounting is a target of whose allocations only totals are known: each
// failure at W4 keeps 32 bytes.
type accounting struct {
	*coarse
	bytes, noise int64
}

func (a *accounting) Account(ctx context.Context) (kernel.Account, error) {
	snap, err := a.Snapshot(ctx)
	if err != nil {
		return kernel.Account{}, err
	}
	a.noise = 5 - a.noise
	for _, f := range snap.Faults {
		if f.Point == "W4" {
			a.bytes = 32 * int64(f.Hits)
		}
	}
	return kernel.Account{Counts: []kernel.Count{
		{Name: "slab kmalloc-32", Value: a.bytes, Unit: "bytes"}, {Name: "vmalloc", Value: a.noise, Unit: "bytes", Noise: 10},
	}}, nil
}

// TestSweepByTotals: where only totals are known each failure is repeated, and
// what grows with each counts.
func TestSweepByTotals(t *testing.T) {
	s := withCoarse(nil)
	open := s.OpenTarget
	s.OpenTarget = func(ctx context.Context, name string, p ops.Progress) (kernel.Target, error) {
		d, err := open(ctx, name, p)
		if c, ok := d.(*coarse); ok {
			return &accounting{coarse: c}, err
		}
		return d, err
	}
	left, r, err := swept(t, s, "--on", "vm:6.12", "--repeat", "4")
	want := map[string]string{"W4": "192 bytes of slab kmalloc-32 in 6 loads"}
	if d := cmp.Diff(want, left); d != "" || ops.ExitCode(err) != ops.ExitFailed || !r.Totals {
		t.Errorf("%v\n%s", err, d)
	}
}

// TestSweepLeavesTheTarget: who sweeps the target that they are at work on has it
// back as it was, also when they give up in the middle.
func TestSweepLeavesTheTarget(t *testing.T) {
	for _, cancelled := range []bool{false, true} {
		s := simulated()
		if err := s.Open(t.Context(), "sim:v6.12"); err != nil {
			t.Fatal(err)
		}
		for _, line := range [][]string{{"spawn", "A", "insmod", "minix"}, {"step", "A"}} {
			if _, err := s.Exec(t.Context(), line); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		s.Progress = func(_ string, done, _ int64) {
			if cancelled && done == 3 {
				cancel()
			}
		}
		if _, err := s.Exec(ctx, []string{"sweep", "fail"}); cancelled != errors.Is(err, context.Canceled) {
			t.Errorf("cancelled %v: %v", cancelled, err)
		}
		snap, err := s.Target().(kernel.Debugger).Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(snap.Threads) != 1 || snap.Threads[0].At != "L0" || len(snap.Faults) != 0 || len(snap.Modules) != 0 || snap.Pos != 2 {
			t.Errorf("cancelled %v: position %d, threads %+v, faults %v, modules %+v", cancelled, snap.Pos, snap.Threads, snap.Faults, snap.Modules)
		}
	}
}
