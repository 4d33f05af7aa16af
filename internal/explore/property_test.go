package explore

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/sim"
	"github.com/google/go-cmp/cmp"
)

var (
	seeds     = flag.Int("seeds", 24, "how many random problems the reduction is held to")
	firstSeed = flag.Int("first-seed", 1, "the seed of the first of them")
)

// randomProblem makes a small problem: two or three threads, a profile, now and
// then a setting, a switch and a fault.
func randomProblem(t testing.TB, seed int) Problem {
	r := rand.New(rand.NewPCG(uint64(seed), 77))
	one := func(list ...string) string { return list[r.IntN(len(list))] }
	profile := one("v4.9", "v4.14", "v6.1", "v6.12")
	if r.IntN(4) == 0 {
		profile += "," + one("kmod-max=1", "dup-merge=on", "sanity-check=on", "limiter=throttle,kmod-max=1", "limiter=semaphore,kmod-max=1",
			"idempotent=off", "dup-rule=A", "dup-rule=B", "early-uevent=on", "delete-wakes=off", "workers=1", "limiter=reject,kmod-max=1")
	}
	var lines []string
	if r.IntN(3) > 0 {
		lines = append(lines, "set policy="+one("kmod19", "kmod20", "verified"))
	}
	if r.IntN(3) == 0 {
		lines = append(lines, "set helper="+one("exit:0", "exit:1", "missing", "killed", "insmod", "slow:1s"))
	}
	name := one("victim", "minix")
	tasks := []string{
		"insmod " + name, "insmod " + name, "insmod " + name + " --copy", "init " + name, "rmmod " + name, "rmmod " + name,
		"load " + name, "unload " + name, "request " + name, "request " + name, "request " + name + " --nowait",
		"getfs minix", "mount minix", "umount minix", "symbol victim_a", "insmod user", "rmmod user", "load user",
		"insmod victim init_ret=-5", "insmod victim init_ms=5", "insmod victim exit_ms=5", "udev " + name, "initstate " + name, "suspend x", "firmware x",
		"request fs-minix", "request user",
	}
	n := 2
	if r.IntN(3) == 0 {
		n = 3
	}
	for i := range n {
		task := tasks[r.IntN(len(tasks))]
		lines = append(lines, string(rune('A'+i))+" "+task)
		if i+1 < n && r.IntN(3) == 0 { // the same once more, so that threads are alike
			tasks = []string{task, task, tasks[r.IntN(len(tasks))]}
		}
	}
	p := problem(t, profile, lines...)
	if r.IntN(4) == 0 {
		f := sim.Fault{Point: one("L6", "L8", "L12", "L13", "W4", "W5", "L17", "R8", "H2", "U1", "U5"), Hit: r.IntN(3)}
		switch r.IntN(3) {
		case 0:
			f.Fail = sim.ENOMEM
		case 1:
			f.Delay = 7e6
		default:
			f.Hold = true
		}
		if r.IntN(3) == 0 {
			f.Thread = one("A", "B", "helper-1")
		}
		p.Setup = slices.Insert(p.Setup, 0, sim.Action{Kind: sim.DoFault, Fault: &f})
		p.Name += fmt.Sprintf(", fault %+v", f)
	}
	p.Promises = Promises()
	return p
}

// brokenBy are the names of the promises that a search found broken, sorted.
func brokenBy(r Report) (names []string) {
	for _, b := range r.Broken {
		names = append(names, b.Promise)
	}
	slices.Sort(names)
	return names
}

// likeBruteForce holds the reduced search of a problem to one that takes every
// alternative at every state, learns nothing, forgets nothing and tells all
// threads apart, whose report it returns. It is not complete where that is too
// big to be done.
func likeBruteForce(t *testing.T, p Problem, limit int) Report {
	every := explored(t, p, Options{Every: true, All: true, Steps: limit, Workers: 1})
	if !every.Complete {
		return every
	}
	reduced := explored(t, p, Options{Bounds: -1, All: true, strict: true, Workers: 1})
	if !reduced.Complete {
		t.Errorf("missed %q", reduced.Missed)
	}
	if d := cmp.Diff(every.Outcomes, reduced.Outcomes); d != "" {
		t.Errorf("outcomes (-every alternative +reduced):\n%s", d)
	}
	if d := cmp.Diff(brokenBy(every), brokenBy(reduced)); d != "" {
		t.Errorf("promises broken (-every alternative +reduced):\n%s", d)
	}
	if d := cmp.Diff(every.Reached, reduced.Reached); d != "" {
		t.Errorf("points reached (-every alternative +reduced):\n%s", d)
	}
	learnedRight(t, &p)
	t.Logf("reduced to %d steps and %d states from %d and %d; %d outcomes", reduced.Steps, reduced.States, every.Steps, every.States, len(every.Outcomes))
	return every
}

// learnedRight takes every alternative at every state with steps that are
// learned, and each of them in a world, too, and compares.
func learnedRight(t *testing.T, p *Problem) {
	o := Options{All: true, strict: true, sure: true, Workers: 1}
	if err := o.validate(); err != nil {
		t.Fatal(err)
	}
	x := newPass(p, o, "every step twice", 255)
	if err := x.search(context.Background(), nil); err != nil {
		t.Error(err)
	}
	if x.learn != x.found.pass.Learned || !x.learn {
		t.Error("nothing is learned")
	}
}

// TestRandomProblems is the proof of the reduction on problems nobody chose.
// go test -run TestRandomProblems -seeds 5000 -first-seed 1000 tries more.
func TestRandomProblems(t *testing.T) {
	n := *seeds
	if raceEnabled {
		n /= 8
	}
	done := make(chan bool, n)
	t.Run("seed", func(t *testing.T) {
		for seed := *firstSeed; seed < *firstSeed+n; seed++ {
			p := randomProblem(t, seed)
			t.Run(fmt.Sprintf("%d %s", seed, strings.ReplaceAll(p.Name, "/", "_")), func(t *testing.T) {
				t.Parallel()
				done <- likeBruteForce(t, p, 20_000).Complete
			})
		}
	})
	close(done)
	small := 0
	for ok := range done {
		if ok {
			small++
		}
	}
	t.Logf("%d of %d problems were small enough", small, n)
	if small < n/2 {
		t.Errorf("of %d problems only %d were small enough to be searched by brute force", n, small)
	}
}
