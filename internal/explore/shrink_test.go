package explore

import (
	"bytes"
	"context"
	"fmt"
	"testing"

	"example.org/kmodsh/internal/sim"
	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"
)

// raceProblem is the built-in race with two threads that have no part in it
// and a fault that does not matter.
func raceProblem(t testing.TB) Problem {
	p := problem(t, "v4.9", "set policy=kmod19", "X insmod test_module", "A insmod victim", "B request victim", "Y insmod minix")
	p.Promises = Promises()
	p.Setup = append(p.Setup, sim.Action{Kind: sim.DoFault, Fault: &sim.Fault{Point: "L12", Module: "minix", Delay: 1}})
	return p
}

// TestShrink makes failing random schedules small: the threads and the fault
// that have no part in it go, and at most two switches remain that no schedule
// can do without.
func TestShrink(t *testing.T) {
	p := raceProblem(t)
	r := explored(t, p, Options{Strategy: Random, Seed: 7, Schedules: 2000})
	if len(r.Broken) == 0 {
		t.Fatal("2000 random schedules did not show the race")
	}
	s, err := Shrink(context.Background(), p, r.Broken[0], 2000)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Problem.Setup) != 3 || !s.Least {
		t.Errorf("what is left of the set-up: %+v, least %v", s.Problem.Setup, s.Least)
	}
	if was, is := r.Broken[0].Schedule.Switches(), s.Schedule.Switches(); is >= was || is > 4 {
		t.Errorf("%d switches, were %d: %v", is, was, s.Schedule)
	}
	again, err := Shrink(context.Background(), p, r.Broken[0], 2000)
	if err != nil || cmp.Diff(s.Schedule, again.Schedule) != "" {
		t.Errorf("a second time: %v, %v; the first %v", again.Schedule, err, s.Schedule)
	}
	run, err := Replay(&s.Problem, s.Schedule)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	if says := zeroMeansReady(run); says != s.Broken.Says {
		t.Errorf("replayed: %q, want %q", says, s.Broken.Says)
	}
	if few, err := Shrink(context.Background(), p, r.Broken[0], 1); err != nil || few.Least || few.Tries != 1 {
		t.Errorf("with one try: %+v, %v", few, err)
	}
}

// TestTold shows the shrunk race as its token, in prose and as a chart.
func TestTold(t *testing.T) {
	p := problem(t, "v4.9", "set policy=kmod19", "A insmod victim", "B load victim")
	p.Promises = Promises()
	r := explored(t, p, Options{})
	s, err := Shrink(context.Background(), p, r.Broken[0], 2000)
	if err != nil {
		t.Fatal(err)
	}
	run, err := Replay(&s.Problem, s.Schedule)
	if err != nil {
		t.Fatal(err)
	}
	defer run.Close()
	datadriven.RunTest(t, "testdata/told.txt", func(t *testing.T, d *datadriven.TestData) string {
		var b bytes.Buffer
		switch d.Cmd {
		case "broken":
			fmt.Fprintf(&b, "%s: %s\n%s\n", s.Broken.Promise, s.Broken.Says, s.Schedule)
		case "prose":
			err = Tell(&b, run)
		case "chart":
			err = Chart(&b, run)
		default:
			t.Fatalf("unknown command %s", d.Cmd)
		}
		if err != nil {
			t.Fatal(err)
		}
		return b.String()
	})
}
