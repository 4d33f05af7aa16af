package explore

import (
	"slices"
	"testing"

	"example.org/kmodsh/internal/sim"
	"github.com/google/go-cmp/cmp"
)

// smallProblems are problems small enough to be searched without reduction:
// every kind of task against every other, policies, faults of init.
func smallProblems(t testing.TB) []Problem {
	var list []Problem
	pairs := [][]string{
		{"A insmod victim", "B insmod victim"},
		{"A insmod victim", "B insmod victim --copy"},
		{"A insmod victim", "B init victim"},
		{"A insmod victim", "B rmmod victim"},
		{"A insmod victim", "B insmod user"},
		{"A insmod victim init_ret=-5", "B insmod victim --copy"},
		{"A insmod victim init_ret=-5", "B insmod user"},
		{"A insmod victim init_ms=5", "B insmod user"},
		{"A insmod victim init_ms=5", "B rmmod victim", "C insmod user"},
		{"A insmod minix", "B getfs minix"},
		{"A insmod victim", "B insmod test_module"},
		{"A rmmod victim", "B rmmod victim"},
		{"set modprobe=/none", "A request victim", "B insmod victim"},
		{"set helper=exit:0", "A request victim", "B insmod victim"},
		{"set helper=exit:0", "set kmod-max=1", "A request victim", "B request user"},
		{"set helper=exit:1", "A request victim", "B request victim --nowait"},
		{"set policy=kmod20", "A insmod victim", "B load victim"},
		{"set policy=kmod19", "A insmod victim", "B load victim"},
		{"set policy=kmod19", "A insmod victim", "B request victim"},
		{"A load victim", "B rmmod victim"},
		{"A load victim", "B unload victim"},
		{"A symbol victim_a", "B insmod victim"},
		{"A mount minix", "B insmod minix"},
		{"A insmod minix", "B load dummy"}, // rows of the list change places
	}
	profiles := []string{"v4.9", "v6.1", "v6.12"}
	if testing.Short() || raceEnabled {
		profiles = profiles[1:2] // the race detector makes it ten times as slow
	}
	for _, profile := range profiles {
		for _, lines := range pairs {
			list = append(list, problem(t, profile, lines...))
		}
	}
	return list
}

// TestReductionLosesNothing holds the reduced search to one that takes every
// alternative at every state, and to schedules taken at random without any
// pruning.
func TestReductionLosesNothing(t *testing.T) {
	for _, p := range smallProblems(t) {
		t.Run(p.Name, func(t *testing.T) {
			t.Parallel()
			p.Promises = Promises()
			every := likeBruteForce(t, p, 0)
			if !every.Complete {
				t.Fatal("brute force has not come to an end")
			}
			random := explored(t, p, Options{Strategy: Random, Schedules: 400, Seed: 1, All: true})
			for _, o := range random.Outcomes {
				if !slices.Contains(every.Outcomes, o) {
					t.Errorf("random found %q", o)
				}
			}
		})
	}
}

// TestEveryIsBruteForce holds the search that takes every alternative at every
// state to one that runs every schedule, without a table of states.
func TestEveryIsBruteForce(t *testing.T) {
	for _, lines := range [][]string{
		{"A rmmod victim", "B rmmod victim"},
		{"A initstate victim", "B rmmod victim", "C firmware x"},
		{"set helper=exit:0", "A request victim", "B rmmod victim"},
		{"set helper=missing", "A request victim", "B request victim"},
		{"A suspend x", "B firmware x", "C rmmod victim"},
	} {
		p := problem(t, "v6.1", lines...)
		plain := explored(t, p, Options{Bounds: -1, Plain: true, All: true, Schedules: 200_000})
		every := explored(t, p, Options{Every: true, All: true})
		if !plain.Complete || plain.Pruned > 0 {
			t.Errorf("%s: %d schedules run and %d not", p.Name, plain.Schedules, plain.Pruned)
		}
		if d := cmp.Diff(plain.Outcomes, every.Outcomes); d != "" {
			t.Errorf("%s: outcomes (-every schedule +every alternative):\n%s", p.Name, d)
		}
		t.Logf("%s: %d schedules, %d outcomes", p.Name, plain.Schedules, len(plain.Outcomes))
	}
}

// TestBegunIsNotAlike: who has begun, or ended, before the search is not one of
// those who are still to do the same.
func TestBegunIsNotAlike(t *testing.T) {
	for _, steps := range []int{3, 40} {
		p := problem(t, "v6.1", "L insmod victim")
		for range steps {
			p.Setup = append(p.Setup, sim.Action{Kind: sim.DoStep, Thread: "L"})
		}
		if steps == 40 {
			p.Setup = loaded(t, p)
		}
		p.Setup = append(p.Setup, problem(t, "v6.1", "A rmmod victim", "B insmod victim").Setup...)
		p.Promises = Promises()
		if every := likeBruteForce(t, p, 0); len(every.Outcomes) < 2 {
			t.Errorf("after %d steps the outcomes are %q: the test shows nothing", steps, every.Outcomes)
		}
	}
}
