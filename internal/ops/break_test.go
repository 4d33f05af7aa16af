package ops_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// attaching is a target that attaches to functions.
type attaching struct {
	*coarse
	faults *[]kernel.Fault
}

func (a attaching) AddFault(_ context.Context, f kernel.Fault) (int, error) {
	f.Number = len(*a.faults) + 1
	*a.faults = append(*a.faults, f)
	return f.Number, nil
}

func (a attaching) RemoveFault(_ context.Context, n int) error {
	*a.faults = slices.DeleteFunc(*a.faults, func(f kernel.Fault) bool { return f.Number == n })
	return nil
}

func (a attaching) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	snap, err := a.coarse.Snapshot(ctx)
	if err == nil {
		snap.Faults = slices.Clone(*a.faults)
	}
	return snap, err
}

// TestBreakAtAFunction: a breakpoint at a function has the target attach to it,
// and one that is deleted lets it go.
func TestBreakAtAFunction(t *testing.T) {
	var faults []kernel.Fault
	s := coarseAs(func(c *coarse) kernel.Target { return attaching{c, &faults} })
	if err := s.Open(t.Context(), "vm:6.12"); err != nil {
		t.Fatal(err)
	}
	do := func(line string) {
		t.Helper()
		if _, err := s.Exec(t.Context(), strings.Fields(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	do("break fn:add_unformed_module module=victim")
	do("break fn:do_init_module")
	if list := s.Breakpoints(); len(faults) != 1 || faults[0].Point != "fn:add_unformed_module" || !faults[0].Watches() || len(list) != 2 || list[1].Point != "L17" {
		t.Errorf("%+v, breakpoints %+v", faults, s.Breakpoints())
	}
	do("hold fn:do_init_module")
	do("break --delete all")
	if len(faults) != 1 || faults[0].Watches() || len(s.Breakpoints()) != 0 {
		t.Errorf("after deleting: %+v, breakpoints %+v", faults, s.Breakpoints())
	}
}
