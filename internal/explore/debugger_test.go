package explore_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/walk"
	"github.com/google/go-cmp/cmp"
)

// liveSim opens a simulated kernel and does what comes before the search: words
// that begin with = are settings, those with + a thread that goes one step, the
// others are threads and their tasks.
func liveSim(t *testing.T, profile string, setup ...[]string) *sim.Target {
	t.Helper()
	ctx := context.Background()
	d, err := sim.Open(profile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	for _, words := range setup {
		switch words[0] {
		case "=":
			err = d.Set(ctx, words[1])
		case "+":
			_, err = d.Step(ctx, words[1])
		default:
			var task kernel.Task
			if task, err = kernel.ParseTask(words[1:]); err == nil {
				err = d.Spawn(ctx, words[0], task)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return d
}

// asked makes questions of the promises that conditions know.
func asked(t *testing.T, names ...string) []explore.LivePromise {
	t.Helper()
	var list []explore.LivePromise
	for _, n := range names {
		c, err := condition.CompilePromise(n)
		if err != nil {
			t.Fatal(err)
		}
		_, err = explore.PromiseByName(n)
		list = append(list, explore.LivePromise{Name: n, Plain: err == nil, Ask: func(s *kernel.Snapshot) string {
			if ok, err := c.Holds(s); err != nil {
				return err.Error()
			} else if ok {
				return ""
			}
			return "broken"
		}})
	}
	return list
}

func race(policy string) [][]string {
	return [][]string{{"=", "policy=" + policy}, {"B", "request", "fs-minix"}, {"C", "request", "fs-minix"}}
}

// searchSim searches a simulated kernel as a debugger that is no simulation,
// with or without an oracle.
func searchSim(t *testing.T, oracle string, profile string, o explore.Options, promises []explore.LivePromise, setup ...[]string) *explore.LiveReport {
	t.Helper()
	d := liveSim(t, profile, setup...)
	p := explore.Live{Name: "test", Target: d, Points: walk.PointsOf([]string{profile[1:]}), Promises: promises}
	if oracle != "" {
		p.Oracle = liveSim(t, oracle, setup...)
	}
	r, err := explore.SearchDebugger(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestLiveFindsTheRace: with two requesters, under kmod 19, a search through
// the interface finds the race, with one preemption, and none under kmod 20.
func TestLiveFindsTheRace(t *testing.T) {
	promises := asked(t, "zero-means-ready", "nobody-waits-forever")
	for _, oracle := range []string{"v6.12", ""} {
		r := searchSim(t, oracle, "v6.12", explore.Options{}, promises, race("kmod19")...)
		if len(r.Violations) != 1 || r.Violations[0].Promise != "zero-means-ready" {
			t.Fatalf("oracle %q: %+v", oracle, r.Violations)
		}
		if n := len(r.Passes); n != 2 {
			t.Errorf("oracle %q: found after %d passes", oracle, n)
		}
		if oracle != "" && (len(r.Violations[0].Actions) == 0 || len(r.Strayed) > 0) {
			t.Errorf("with an oracle: %d actions, strayed %+v", len(r.Violations[0].Actions), r.Strayed)
		}
		t.Logf("oracle %q: %d moves, %d again, %d foretold: %v", oracle, r.Steps, r.Again, r.Foretold, r.Violations[0].Moves)
	}
	r := searchSim(t, "v6.12", "v6.12", explore.Options{Preemptions: 1}, promises, race("kmod20")...)
	if len(r.Violations) > 0 || !r.Complete {
		t.Errorf("kmod20: %+v, complete %v", r.Violations, r.Complete)
	}
	t.Logf("kmod20: %d states, %d schedules, %d moves, %d again, %d foretold, %v", r.States, r.Schedules, r.Steps, r.Again, r.Foretold, r.Outcomes)
}

// TestLiveMissesNothing compares the ends that the search comes to with those
// of the search that knows the simulated kernel from within and stops at every
// point.
func TestLiveMissesNothing(t *testing.T) {
	for name, setup := range map[string][][]string{
		"kmod19":     {{"=", "policy=kmod19"}, {"A", "insmod", "minix"}, {"B", "request", "fs-minix"}},
		"duplicate":  {{"A", "insmod", "victim", "init_ret=-5"}, {"B", "insmod", "--copy", "victim"}},
		"unload":     {{"A", "insmod", "victim"}, {"B", "rmmod", "victim"}},
		"dependency": {{"A", "insmod", "victim"}, {"B", "insmod", "user"}},
		"begun":      {{"A", "insmod", "victim"}, {"+", "A"}, {"+", "A"}, {"+", "A"}, {"B", "insmod", "victim"}},
	} {
		for _, profile := range []string{"v6.1", "v6.12"} {
			d := liveSim(t, profile, setup...)
			sys, p, actions, err := d.Past()
			if err != nil {
				t.Fatal(err)
			}
			whole, err := explore.Explore(context.Background(), explore.Problem{Name: name, System: sys, Profile: p, Setup: actions}, explore.Options{All: true})
			if err != nil || !whole.Complete {
				t.Fatalf("%s: %v, complete %v", name, err, whole.Complete)
			}
			r := searchSim(t, profile, profile, explore.Options{All: true}, nil, setup...)
			if !r.Complete {
				t.Errorf("%s on %s: not complete: %v", name, profile, r.Missed)
			}
			t.Logf("%s on %s: %d states, %d schedules, %d moves, %d again, %d foretold; %d outcomes", name, profile, r.States, r.Schedules, r.Steps, r.Again, r.Foretold, len(r.Outcomes))
			for _, o := range r.Outcomes {
				if !slices.Contains(whole.Outcomes, o) {
					t.Errorf("%s on %s: no schedule comes to %s", name, profile, o)
				}
			}
			if d := cmp.Diff(whole.Outcomes, r.Outcomes); d != "" {
				t.Errorf("%s on %s: ends (-of every point +of stops):\n%s", name, profile, d)
			}
		}
	}
}

// TestLiveTellsApart: threads that do the same are not held for the same where a
// promise names one; and what a promise looks at that nobody knows is looked at in
// every schedule.
func TestLiveTellsApart(t *testing.T) {
	twins := [][]string{{"A", "insmod", "victim"}, {"B", "insmod", "victim"}}
	two := [][]string{{"A", "insmod", "victim"}, {"B", "insmod", "minix"}}
	for _, tt := range []struct {
		setup   [][]string
		promise string
	}{
		{twins, `not (done("A") and result("A") == -17)`},
		{twins, `not (done("B") and result("B") == -17)`},
		{two, `not (at("A") == "L0" and at("B") == "W4")`},
		{two, `not (at("A") == "W4" and at("B") == "L0")`},
		{two, `not (at("A") == "L0" and at("B") == "L0")`},
	} {
		r := searchSim(t, "v6.1", "v6.1", explore.Options{Preemptions: 1}, asked(t, tt.promise), tt.setup...)
		if len(r.Violations) != 1 {
			t.Errorf("%s is never broken, in %d moves, %d foretold", tt.promise, r.Steps, r.Foretold)
		}
	}
}

// TestLiveKeeps: the name of what is kept is made of letters, digits and dashes
// whatever the scenario is called, and where nothing can be kept what was found
// is told all the same.
func TestLiveKeeps(t *testing.T) {
	for scenario, want := range map[string]string{
		"seed/builtin-race: kmod 19": "seed-builtin-race--kmod-19-zero-means-ready", "/home/me/two.kmodsh": "two-kmodsh-zero-means-ready",
	} {
		for _, full := range []bool{false, true} {
			name := ""
			r, err := explore.SearchDebugger(context.Background(), explore.Live{
				Name: scenario, Target: liveSim(t, "v6.12", race("kmod19")...), Oracle: liveSim(t, "v6.12", race("kmod19")...),
				Points: walk.PointsOf([]string{"6.12"}), Promises: asked(t, "zero-means-ready"),
				Keep: func(_ context.Context, n string) (string, error) {
					if name = n; full {
						return "", errors.New("no space")
					}
					return "vm:x@" + n, nil
				},
			}, explore.Options{})
			if err != nil || len(r.Violations) != 1 || name != want {
				t.Fatalf("%s: %v, kept as %q, want %q", scenario, err, name, want)
			}
			if told := strings.Contains(strings.Join(r.Missed, ";"), "no space"); told != full || (r.Violations[0].Opens == "") != full {
				t.Errorf("%s, full %v: opens %q, missed %q", scenario, full, r.Violations[0].Opens, r.Missed)
			}
			if r.Steps > 60 || len(r.Pointed) != 1 {
				t.Errorf("%s: %d moves, pointed to %v", scenario, r.Steps, r.Pointed)
			}
		}
	}
}
