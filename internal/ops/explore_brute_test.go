package ops

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/sim"
)

var (
	bruteSteps = flag.Int("brute-steps", 1000, "how many steps brute force may take for a case of the library")
	bruteAll   = flag.Bool("brute-all", false, "hold the search to brute force on all targets of each case, not on one in turn")
)

// enoughHeld is how many cases are to be held at least, so that a library that
// grows too big for the test is noticed.
const enoughHeld = 130

// TestLibraryLikeBruteForce holds the reduced search to brute force on every
// case of the library that is small enough: every alternative at every state,
// nothing learned or forgotten, all threads told apart. -v prints what each case
// took, and why others are left out. The long form, some minutes:
//
//	go test ./internal/ops -run TestLibraryLikeBruteForce -v -timeout 2h -brute-all -brute-steps 300000
func TestLibraryLikeBruteForce(t *testing.T) {
	least := enoughHeld
	if raceEnabled { // ten times as slow, and nothing here runs at the same time
		*bruteSteps, least = min(*bruteSteps, 100), 60
	}
	var held, big, wide, none int
	for _, l := range libraryProblems(t) {
		if l.why != "" {
			none++
			t.Logf("%s: no search: %s", l.name, l.why)
			continue
		}
		every, err := explore.Explore(t.Context(), l.problem, explore.Options{Every: true, All: true, Steps: *bruteSteps, Workers: 1})
		if err != nil {
			wide++
			t.Logf("%s: %v", l.name, err)
			continue
		}
		if !every.Complete {
			big++
			t.Logf("%s: too big: brute force needs more than %d steps", l.name, *bruteSteps)
			continue
		}
		held++
		reduced, err := explore.Explore(t.Context(), l.problem, explore.Options{Bounds: -1, All: true, Workers: 1})
		if err != nil {
			t.Errorf("%s: %v", l.name, err)
			continue
		}
		likeBruteForce(t, l.name, every, reduced)
	}
	t.Logf("%d held to brute force; %d too big for %d steps, %d with too many threads, %d no search", held, big, *bruteSteps, wide, none)
	if held < least {
		t.Errorf("only %d cases were small enough to be held to brute force", held)
	}
}

// likeBruteForce compares what the two found.
func likeBruteForce(t *testing.T, name string, every, reduced explore.Report) {
	t.Helper()
	if !reduced.Complete || !reduced.Passes[0].Learned {
		t.Errorf("%s: complete %v, steps learned %v, missed %q", name, reduced.Complete, reduced.Passes[0].Learned, reduced.Missed)
	}
	for _, d := range []struct {
		what string
		diff string
	}{
		{"outcomes", cmp.Diff(every.Outcomes, reduced.Outcomes)},
		{"promises broken", cmp.Diff(promisesOf(every), promisesOf(reduced))},
		{"points reached", cmp.Diff(every.Reached, reduced.Reached)},
	} {
		if d.diff != "" {
			t.Errorf("%s: %s (-brute force +reduced):\n%s", name, d.what, d.diff)
		}
	}
	t.Logf("%s: %d steps, reduced to %d; %d outcomes, broken %q", name, every.Steps, reduced.Steps, len(every.Outcomes), promisesOf(every))
}

func promisesOf(r explore.Report) (names []string) {
	for _, b := range r.Broken {
		names = append(names, b.Promise)
	}
	slices.Sort(names)
	return names
}

// libraryProblem is a search that the library has.
type libraryProblem struct {
	name    string // scenario, case and target
	problem explore.Problem
	why     string // why it is none, "" when it is one
}

// libraryProblems are the searches of all scenarios and cases, with the holds of
// the script and without, each different one once.
func libraryProblems(t *testing.T) (list []libraryProblem) {
	s := New()
	s.OpenTarget = func(_ context.Context, name string, _ Progress) (kernel.Target, error) {
		profile, ok := strings.CutPrefix(name, "sim:")
		if !ok {
			return nil, errors.New("there is no such machine here")
		}
		return sim.Open(profile)
	}
	all, err := scenario.Find("*/*")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]bool{}
	for i, sc := range all {
		targets := sc.TargetsFor("sim")
		if len(targets) > 1 && !*bruteAll {
			targets = targets[i%len(targets):][:1]
		}
		for _, target := range targets {
			for _, holds := range []bool{false, true} {
				name := sc.Name + " on " + target
				if holds {
					name += ", held"
				}
				c := &exploreCommand{On: target, Scenario: sc.Name, Holds: holds}
				cases, err := c.cases(t.Context(), s)
				if err != nil {
					list = append(list, libraryProblem{name: name, why: err.Error()})
					continue
				}
				for _, x := range cases {
					p := x.problem
					p.Promises = explore.Promises()
					p.Name = "" // another name alone is no other problem
					if print := p.Fingerprint(); !seen[print] {
						seen[print] = true
						p.Name = fmt.Sprintf("%s (%s)", x.problem.Name, name)
						list = append(list, libraryProblem{name: p.Name, problem: p})
					}
				}
			}
		}
	}
	return list
}
