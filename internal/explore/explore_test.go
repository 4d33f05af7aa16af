package explore

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/sim"
	"github.com/google/go-cmp/cmp"
)

// problem makes one from lines such as "A insmod victim", "fault W3 hold",
// "set policy=kmod19".
func problem(t testing.TB, profile string, lines ...string) Problem {
	t.Helper()
	sys, err := sim.TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	p, err := sim.ParseProfile(profile)
	if err != nil {
		t.Fatal(err)
	}
	pr := Problem{Name: profile + ": " + strings.Join(lines, ", "), System: sys, Profile: p}
	for _, l := range lines {
		w := strings.Fields(l)
		if w[0] == "set" {
			pr.Setup = append(pr.Setup, sim.Action{Kind: sim.DoSet, Value: w[1]})
			continue
		}
		task := &sim.Task{Verb: w[1], Name: w[2]}
		for _, x := range w[3:] {
			switch {
			case x == "--copy":
				task.Copy = true
			case x == "--nowait":
				task.NoWait = true
			default:
				task.Params = append(task.Params, x)
			}
		}
		pr.Setup = append(pr.Setup, sim.Action{Kind: sim.DoSpawn, Thread: w[0], Task: task})
	}
	return pr
}

func explored(t testing.TB, p Problem, o Options) Report {
	t.Helper()
	r, err := Explore(context.Background(), p, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestBuiltinRaceIsFound: modprobe up to 19 takes a module that is being set
// up for built in; the cure keeps the promise in every schedule.
func TestBuiltinRaceIsFound(t *testing.T) {
	promises, err := PromiseByName("zero-means-ready")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		policy string
		broken bool
	}{{"kmod19", true}, {"kmod20", false}, {"verified", false}} {
		p := problem(t, "v4.9", "set policy="+tt.policy, "A insmod victim", "B request victim")
		p.Promises = promises
		r := explored(t, p, Options{})
		if tt.broken != (len(r.Broken) > 0) {
			t.Errorf("%s: broken %+v", tt.policy, r.Broken)
		}
		if !tt.broken && (!r.Complete || len(r.Missed) > 0) {
			t.Errorf("%s: not complete, missed %q", tt.policy, r.Missed)
		}
		if !tt.broken {
			continue
		}
		b := r.Broken[0]
		got, err := ParseToken(&p, Token(&p, b.Schedule))
		if err != nil || cmp.Diff(b.Schedule, got) != "" {
			t.Fatalf("token: %v, %v", got, err)
		}
		run, err := Replay(&p, got)
		if err != nil {
			t.Fatal(err)
		}
		defer run.Close()
		if says := promises[0].End(run); says != b.Says {
			t.Errorf("replayed: %q, want %q", says, b.Says)
		}
	}
}

// TestSuccessMayBeTakenAway: a module that was live when it was asked for and
// was unloaded before the answer came is no broken promise; one that was going
// already is.
func TestSuccessMayBeTakenAway(t *testing.T) {
	for _, tt := range []struct {
		policy string
		begun  bool // the unload has begun when the request does
		broken bool
	}{{"verified", false, false}, {"verified", true, false}, {"kmod20", true, true}, {"kmod19", true, true}, {"kmod19", false, true}} {
		p := problem(t, "v4.9", "set policy="+tt.policy, "L insmod victim")
		for range 40 {
			p.Setup = append(p.Setup, sim.Action{Kind: sim.DoStep, Thread: "L"})
		}
		p.Setup = loaded(t, p)
		tail := problem(t, "v4.9", "A rmmod victim", "B request victim").Setup
		p.Setup = append(p.Setup, tail[0])
		if tt.begun {
			for range 3 {
				p.Setup = append(p.Setup, sim.Action{Kind: sim.DoStep, Thread: "A"})
			}
		}
		p.Setup = append(p.Setup, tail[1])
		p.Promises, _ = PromiseByName("zero-means-ready")
		r := explored(t, p, Options{strict: true})
		if got := len(r.Broken) > 0; got != tt.broken {
			t.Errorf("%+v: broken %+v", tt, r.Broken)
		}
		taken := false
		for _, o := range r.Outcomes {
			taken = taken || strings.Contains(o, "B=0 lost absent")
		}
		if !taken && !tt.begun && !tt.broken {
			t.Errorf("%+v: nobody took the module away: %q", tt, r.Outcomes)
		}
	}
}

// loaded is the set-up of a problem up to where its steps can go.
func loaded(t *testing.T, p Problem) (list []sim.Action) {
	run := sim.NewRun(p.System, p.Profile)
	defer run.Close()
	for _, a := range p.Setup {
		if err := run.Do(a); err != nil {
			break
		}
		list = append(list, a)
	}
	if run.World().StateOf("victim") != "live" {
		t.Fatal("the module was not loaded")
	}
	return list
}

// TestReportDoesNotDependOnWorkers compares whole reports.
func TestReportDoesNotDependOnWorkers(t *testing.T) {
	for _, o := range []Options{{}, {All: true}, {Strategy: Random, Seed: 3}, {Strategy: PCT}, {Strategy: RoundRobin, Schedules: 50}} {
		for _, policy := range []string{"kmod19", "kmod20"} {
			p := problem(t, "v6.12", "set policy="+policy, "A insmod victim", "B request victim")
			p.Promises = Promises()
			o.Workers = 1
			one := explored(t, p, o)
			o.Workers = 4
			if d := cmp.Diff(one, explored(t, p, o)); d != "" {
				t.Errorf("%+v %s: one worker and four (-one +four):\n%s", o, policy, d)
			}
		}
	}
}

// TestStaleToken: a token is refused where it would mean something else.
func TestStaleToken(t *testing.T) {
	p := problem(t, "v6.12", "A insmod victim", "B request victim")
	token := Token(&p, Schedule{0, 0, 1, 0})
	for _, q := range []Problem{
		problem(t, "v6.1", "A insmod victim", "B request victim"),
		problem(t, "v6.12", "A insmod victim", "B request user"),
		problem(t, "v6.12,kmod-max=2", "A insmod victim", "B request victim"),
	} {
		q.Name = p.Name
		if _, err := ParseToken(&q, token); !errors.Is(err, ErrStale) {
			t.Errorf("%s with %v: %v", q.Profile.Name, q.Setup, err)
		}
	}
	for _, bad := range []string{"", "ks1-", "ks2-AAAA", token[:len(token)-2], token + "A", "hello"} {
		if s, err := ParseToken(&p, bad); err == nil {
			t.Errorf("%q was read as %v", bad, s)
		}
	}
}

// FuzzToken: whatever is read as a token is written the same again.
func FuzzToken(f *testing.F) {
	p := problem(f, "v6.12", "A insmod victim")
	f.Add(Token(&p, Schedule{0, 0, 1, 2, 2}))
	f.Add(Token(&p, nil))
	f.Add("ks1-AAAAAAAA")
	f.Fuzz(func(t *testing.T, text string) {
		s, err := ParseToken(&p, text)
		if err != nil {
			return
		}
		again, err := ParseToken(&p, Token(&p, s))
		if err != nil || !slices.Equal(s, again) {
			t.Errorf("%v, then %v, %v", s, again, err)
		}
	})
}
