package sim

import (
	"context"
	"errors"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"github.com/google/go-cmp/cmp"
)

// TestTargetLoadsRequestsUnloads takes the real loader core through a load, a
// request by alias and an unload on the simulated kernel, with dependencies
// and a soft dependency.
func TestTargetLoadsRequestsUnloads(t *testing.T) {
	ctx := context.Background()
	target, err := Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	loaded, err := target.Load(ctx, kernel.LoadRequest{Name: "ext4"})
	if err != nil || loaded.Verdict != kernel.OK || loaded.State != trace.Live {
		t.Fatalf("load ext4: %+v, %v", loaded, err)
	}
	var order []string
	for _, s := range loaded.Steps {
		order = append(order, s.Action+" "+s.Module)
	}
	want := []string{"insert crc16", "insert jbd2", "insert mbcache", "insert crc32c_generic", "insert ext4"}
	if d := cmp.Diff(want, order); d != "" {
		t.Errorf("steps of load ext4 (-want +got):\n%s", d)
	}
	asked, err := target.Request(ctx, "fs-btrfs")
	if err != nil || asked.Verdict != kernel.OK || asked.State != trace.Live || len(asked.Helpers) != 1 || asked.Helpers[0].Exit != 0 {
		t.Fatalf("request fs-btrfs: %+v, %v", asked, err)
	}
	if gone, err := target.Unload(ctx, kernel.UnloadRequest{Name: "ext4", Deps: true}); err != nil || gone.State != trace.Absent {
		t.Fatalf("unload ext4: %+v, %v", gone, err)
	}
	list, err := target.Modules(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range list {
		rows = append(rows, m.Name+" "+string(m.State))
	}
	want = []string{"btrfs live", "libcrc32c live", "raid6_pq live", "xor live", "zstd_compress live"}
	if d := cmp.Diff(want, rows); d != "" {
		t.Errorf("module list (-want +got):\n%s", d)
	}
	if left := target.run.world.Leaks(); len(left) != 0 {
		t.Errorf("the ledger holds %+v", left)
	}
}

// TestSameStepsSameEvents runs the same verbs twice and compares every event.
func TestSameStepsSameEvents(t *testing.T) {
	events := func() []trace.Event {
		target, err := Open("v6.1")
		if err != nil {
			t.Fatal(err)
		}
		defer target.Close()
		for _, name := range []string{"snd-hda-intel", "fs-xfs", "nosuch"} {
			target.Request(context.Background(), name)
		}
		list, missed := target.Events().After(0, 0)
		if missed != 0 {
			t.Fatalf("%d events missed", missed)
		}
		return list
	}
	if d := cmp.Diff(events(), events()); d != "" {
		t.Errorf("two runs differ:\n%s", d)
	}
}

// TestLoadHasNoJobs holds that a load of several modules at once is refused, with
// what to do instead: a loader here is one thread.
func TestLoadHasNoJobs(t *testing.T) {
	target, err := Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	var no *kernel.UnsupportedError
	if _, err := target.Load(t.Context(), kernel.LoadRequest{Name: "ext4", Jobs: 2}); !errors.As(err, &no) || !strings.Contains(err.Error(), "spawn") {
		t.Error(err)
	}
}
