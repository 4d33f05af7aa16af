package explore

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// question is one that a search is asked of states, with what it looks at.
type question struct {
	name  string
	looks Looks
	bad   func(*kernel.Snapshot) bool
}

// questions are about a module and the threads A and B.
func questions(module string) []question {
	thread := func(s *kernel.Snapshot, id string) kernel.ThreadState {
		if t := s.Thread(id); t != nil {
			return *t
		}
		return kernel.ThreadState{}
	}
	refs := func(s *kernel.Snapshot) int64 {
		if m := s.Module(module); m != nil {
			return m.Refs
		}
		return -9
	}
	dir := func(s *kernel.Snapshot) bool { m := s.Module(module); return m != nil && m.Dir }
	list := []question{
		{"A waits while B does", Looks{Threads: []string{"A", "B"}, Stands: true}, func(s *kernel.Snapshot) bool {
			return thread(s, "A").Status == "blocked" && thread(s, "B").Status == "blocked"
		}},
		{"A is done and the module going", Looks{States: []string{module}, Threads: []string{"A"}}, func(s *kernel.Snapshot) bool {
			return thread(s, "A").Done && s.State(module) == trace.Going
		}},
		{"B is done and the module coming", Looks{States: []string{module}, Threads: []string{"B"}}, func(s *kernel.Snapshot) bool {
			return thread(s, "B").Done && s.State(module) == trace.Coming
		}},
		{"one has ended well, and others not", Looks{AllThreads: true}, func(s *kernel.Snapshot) bool {
			good, bad := 0, 0
			for _, t := range s.Threads {
				switch {
				case t.Done && t.Result == 0:
					good++
				case t.Done:
					bad++
				}
			}
			return good == 1 && bad > 0
		}},
		{"two requests at once", Looks{Permits: true}, func(s *kernel.Snapshot) bool { return s.Permits.Used == 2 }},
	}
	for _, n := range []int64{0, 1, 2, -1} {
		list = append(list, question{fmt.Sprint("references are ", n), Looks{States: []string{module}, Refs: []string{module}},
			func(s *kernel.Snapshot) bool { return refs(s) == n }})
	}
	for _, state := range []trace.State{trace.Unformed, trace.Coming, trace.Live, trace.Going, trace.Absent} {
		for _, want := range []bool{false, true} {
			list = append(list, question{fmt.Sprint("directory ", want, " when ", state), Looks{States: []string{module}, Sysfs: []string{module}},
				func(s *kernel.Snapshot) bool { return dir(s) == want && s.State(module) == state }})
		}
	}
	return list
}

// TestWatchedLikeBruteForce holds what a search says of questions about states
// to brute force, on random problems.
func TestWatchedLikeBruteForce(t *testing.T) {
	n := *seeds
	if raceEnabled {
		n /= 8
	}
	broken := 0
	for seed := *firstSeed; seed < *firstSeed+n; seed++ {
		p := randomProblem(t, seed)
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		module := "victim"
		if strings.Contains(p.Name, "minix") {
			module = "minix"
		}
		all := questions(module)
		p.Promises = nil
		for _, i := range r.Perm(len(all))[:1+r.IntN(2)] {
			q := all[i]
			p.Promises = append(p.Promises, Watch(q.name, q.name, &q.looks, func(s *kernel.Snapshot) string {
				if q.bad(s) {
					return "it is so"
				}
				return ""
			}))
		}
		every := explored(t, p, Options{Every: true, All: true, Steps: 4000, Workers: 1})
		if !every.Complete {
			continue
		}
		reduced := explored(t, p, Options{Bounds: -1, All: true, strict: true, Workers: 1})
		if !reduced.Complete || !reduced.Passes[0].Learned {
			t.Errorf("seed %d: complete %v, learned %v, missed %q", seed, reduced.Complete, reduced.Passes[0].Learned, reduced.Missed)
		}
		if d := cmp.Diff(brokenBy(every), brokenBy(reduced)); d != "" {
			t.Errorf("seed %d, %s: so at some time (-every alternative +reduced):\n%s", seed, p.Name, d)
		}
		broken += len(every.Broken)
		for _, b := range reduced.Broken {
			if _, says, err := ReplayJudged(&p, b.Schedule); err != nil || says == "" {
				t.Errorf("seed %d, %s: %s: replayed: %q, %v", seed, p.Name, b.Promise, says, err)
			}
		}
	}
	if broken < n/6 {
		t.Errorf("of %d problems only %d had something to be seen", n, broken)
	}
}

// TestWatchedTogether: what is to be seen only between steps that do not mind
// each other is seen.
func TestWatchedTogether(t *testing.T) {
	status := func(s *kernel.Snapshot, id string) string { return s.Thread(id).Status }
	for _, tt := range []struct {
		lines []string
		looks *Looks
		bad   func(*kernel.Snapshot) bool
		seen  bool
	}{
		{[]string{"A insmod minix", "B insmod dummy"}, &Looks{States: []string{"minix", "dummy"}}, func(s *kernel.Snapshot) bool {
			return s.State("minix") == trace.Coming && s.State("dummy") == trace.Coming
		}, true},
		{[]string{"A insmod minix", "B insmod dummy"}, &Looks{States: []string{"minix", "dummy"}}, func(s *kernel.Snapshot) bool {
			return s.State("minix") == trace.Going
		}, false},
		{[]string{"A insmod minix", "B insmod dummy"}, &Looks{Sysfs: []string{"minix"}, Threads: []string{"B"}}, func(s *kernel.Snapshot) bool {
			m := s.Module("minix")
			return m != nil && m.Dir && m.Initstate == "" && s.Thread("B").Done
		}, true},
		{[]string{"set helper=exit:0", "A request minix", "B request dummy"}, &Looks{Permits: true}, func(s *kernel.Snapshot) bool {
			return s.Permits.Used == 2
		}, true},
		{[]string{"set helper=exit:0", "A request minix", "B request minix", "C request minix"}, &Looks{Threads: []string{"A", "B"}}, func(s *kernel.Snapshot) bool {
			return s.Thread("B").Done && !s.Thread("A").Done
		}, true},
		{[]string{"set helper=exit:0", "A request minix", "B request dummy"}, &Looks{Threads: []string{"A", "B"}, Stands: true, Permits: true}, func(s *kernel.Snapshot) bool {
			return status(s, "A") == "blocked" && status(s, "B") == "ready" && s.Permits.Used == 0
		}, false},
		{[]string{"set helper=exit:0", "A request minix", "B request dummy"}, nil, func(s *kernel.Snapshot) bool {
			return s.Thread("A").At == "R8" && s.Thread("B").At == "R8"
		}, true},
		{[]string{"A insmod victim init_ms=5", "B insmod minix"}, &Looks{Threads: []string{"A"}, Stands: true, States: []string{"minix", "victim"}}, func(s *kernel.Snapshot) bool {
			return status(s, "A") == "ready" && s.State("victim") == trace.Coming && s.State("minix") == trace.Live
		}, true},
	} {
		p := problem(t, "v6.12", tt.lines...)
		p.Promises = []Promise{Watch("mine", "mine", tt.looks, func(s *kernel.Snapshot) string {
			if tt.bad(s) {
				return "it is so"
			}
			return ""
		})}
		r := explored(t, p, Options{Bounds: -1, strict: true})
		if (len(r.Broken) > 0) != tt.seen || !tt.seen && !r.Complete {
			t.Errorf("%v, %+v: broken %v, complete %v, want %v", tt.lines, tt.looks, r.Broken, r.Complete, tt.seen)
		}
		t.Logf("%v, %+v: %d steps", tt.lines, tt.looks, r.Steps)
	}
}
