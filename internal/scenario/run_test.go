package scenario

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// deadOnArrival is the error of a kernel that did not come up.
type deadOnArrival struct{}

func (deadOnArrival) Error() string { return "the kernel panicked:\nno init" }
func (deadOnArrival) Sick() bool    { return true }
func (deadOnArrival) Diagnose() (string, []string) {
	return "the kernel comes up", []string{"Kernel panic - not syncing: no init"}
}

// TestOpening: a target that cannot be had, and a kernel that does not come up,
// say nothing of what was to be tried; what the kernel printed last is kept.
func TestOpening(t *testing.T) {
	s := &Scenario{Name: "x", Targets: []string{"vm:6.12"}, Lines: []Line{{N: 1, Text: "load minix"}}}
	for _, tt := range []struct {
		err         error
		why, expect string
	}{
		{errors.New("no QEMU\nhere"), "no QEMU here", ""},
		{deadOnArrival{}, "the kernel panicked: no init", "got: Kernel panic - not syncing: no init"},
	} {
		open := func(context.Context, string) (Runner, error) { return nil, tt.err }
		r := s.Run(context.Background(), open, Options{On: []string{"vm:6.12"}})
		if r.Verdict != Absent || r.Why != tt.why {
			t.Errorf("%v: %s, %q", tt.err, r.Verdict, r.Why)
		}
		if notes := strings.Join(r.Parts[0].Notes, "\n"); !strings.Contains(notes, tt.expect) || (tt.expect == "") != (notes == "") {
			t.Errorf("%v: notes %q", tt.err, notes)
		}
	}
}
