package kmod

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// crowdKernel is a kernel for many loaders at once. A load takes as long as
// takes says; it watches the order of loads, and how many there are at a time.
type crowdKernel struct {
	needs   map[string][]string
	refuses map[string]bool
	takes   func(module string) time.Duration

	mu     sync.Mutex
	states map[string]trace.State
	begun  []string // in the order of their beginning
	busy   int      // loads under way
	most   int
	alone  bool // an install command runs
	wrong  []string
}

func (k *crowdKernel) Release() string     { return "6.1.0" }
func (k *crowdKernel) Compression() string { return "" }

func (k *crowdKernel) Finit(_ context.Context, f fs.File, _ string, _ kernel.InitFlags) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	name := moduleNameOf(st.Name())
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.states[name] != "" {
		if k.states[name] != trace.Live {
			k.wrong = append(k.wrong, name+" was handed over twice at a time")
		}
		return syscall.EEXIST
	}
	for _, n := range k.needs[name] {
		if k.states[n] != trace.Live {
			k.wrong = append(k.wrong, fmt.Sprintf("%s was handed over while %s, which it needs, is %q", name, n, k.states[n]))
		}
	}
	if k.alone {
		k.wrong = append(k.wrong, name+" was handed over beside an install command")
	}
	k.begun = append(k.begun, name)
	k.states[name] = trace.Coming
	pass := func(d time.Duration) {
		k.mu.Unlock()
		defer k.mu.Lock()
		time.Sleep(d)
	}
	// Counted in its middle: one may end in the instant in which another begins.
	takes := k.takes(name)
	pass(takes / 4)
	k.busy++
	k.most = max(k.most, k.busy)
	pass(takes / 2)
	k.busy--
	pass(takes / 4)
	if k.refuses[name] {
		delete(k.states, name)
		return syscall.ENODEV
	}
	k.states[name] = trace.Live
	return nil
}

func (k *crowdKernel) run(_ context.Context, c Command) (int, error) {
	k.mu.Lock()
	if k.alone || slices.Contains(slices.Collect(maps.Values(k.states)), trace.Coming) {
		k.wrong = append(k.wrong, "the install command of "+c.Module+" ran beside a load")
	}
	k.alone = true
	k.mu.Unlock()
	time.Sleep(k.takes(c.Module))
	k.mu.Lock()
	defer k.mu.Unlock()
	k.alone = false
	if !k.refuses[c.Module] {
		k.states[c.Module] = trace.Live
		return 0, nil
	}
	return 1, nil
}

func (k *crowdKernel) Init(context.Context, []byte, string) error { return syscall.ENOSYS }

func (k *crowdKernel) Delete(context.Context, string, bool) error { return syscall.ENOSYS }

func (k *crowdKernel) Modules() (list []kernel.Module, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for name, state := range k.states {
		list = append(list, kernel.Module{Name: name, State: state})
	}
	return list, nil
}

func (k *crowdKernel) Initstate(name string) (kernel.Initstate, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return kernel.Initstate{Dir: k.states[name] != "", State: k.states[name]}, nil
}

func (k *crowdKernel) Sleep(_ context.Context, d time.Duration) error {
	time.Sleep(d)
	return nil
}

func (k *crowdKernel) LogMark() kernel.LogMark { return 0 }

func (k *crowdKernel) LogSince(kernel.LogMark) []string {
	return []string{"m1: said by one", "m2: said by two", "said by nobody"}
}

// live is the modules that are in the kernel.
func (k *crowdKernel) live() []string {
	var list []string
	for name := range k.states {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// crowd is modules and how they hang together.
type crowd struct {
	needs   map[string][]string // all of them, also through others, nearest first
	refuses map[string]bool
	config  string
	names   []string // to load
}

// world makes the tree and an idle kernel.
func (c crowd) world(t *testing.T) (*crowdKernel, *Resolver) {
	t.Helper()
	var dep strings.Builder
	tree := fstest.MapFS{}
	for m, needs := range c.needs {
		fmt.Fprintf(&dep, "%s.ko:", m)
		for _, n := range needs {
			fmt.Fprintf(&dep, " %s.ko", n)
		}
		dep.WriteString("\n")
		tree[m+".ko"] = &fstest.MapFile{Data: []byte(m)}
	}
	tree["modules.dep"] = &fstest.MapFile{Data: []byte(dep.String())}
	conf := filepath.Join(t.TempDir(), "a.conf")
	if err := os.WriteFile(conf, []byte(c.config), 0o644); err != nil {
		t.Fatal(err)
	}
	config, err := ReadConfig([]string{conf}, "")
	if err != nil {
		t.Fatal(err)
	}
	for i := range config.files[0].lines {
		config.files[0].lines[i].File = "a.conf"
	}
	k := &crowdKernel{
		needs: c.needs, refuses: c.refuses, states: map[string]trace.State{},
		takes: func(string) time.Duration { return time.Second },
	}
	return k, NewResolver(NewTree(tree, "TREE"), config)
}

// load loads the names of c with so many jobs, in a time of its own, and returns
// all that is to be the same for every number of them.
func (c crowd) load(t *testing.T, k *crowdKernel, r *Resolver, policy string, jobs int) (outcome string) {
	t.Helper()
	var out strings.Builder
	p, err := PolicyByName(policy)
	if err != nil {
		t.Fatal(err)
	}
	lines := 0
	l := &Loader{
		Resolver: r, Kernel: k, Policy: p, Run: k.run,
		Report: func(trace.Event) { lines++ }, Show: func(string) { lines++ },
		Failed: func(module string, err error) { fmt.Fprintf(&out, "failed %s: %v\n", module, err) },
	}
	var reqs []kernel.LoadRequest
	for _, name := range c.names {
		reqs = append(reqs, kernel.LoadRequest{Name: name})
	}
	l.LoadAll(t.Context(), reqs, jobs, func(i int, res kernel.LoadResult, err error) {
		fmt.Fprintf(&out, "%d %s: %s %s %v\n", i, res.Name, res.Verdict, res.State, err)
		showSteps(&out, res.Steps)
	})
	fmt.Fprintln(&out, k.live())
	if lines == 0 {
		t.Error("nothing was reported")
	}
	for _, w := range k.wrong {
		t.Errorf("%d jobs, %s: %s\n%+v", jobs, policy, w, c)
	}
	return out.String()
}

// randomCrowd makes modules m0, m1, ... of which each needs some with smaller
// numbers, with everything of those that it needs.
func randomCrowd(r *rand.Rand) crowd {
	c := crowd{needs: map[string][]string{}, refuses: map[string]bool{}}
	n := 2 + r.IntN(12)
	name := func(i int) string { return fmt.Sprintf("m%d", i) }
	for i := range n {
		need := map[int]bool{}
		for j := range i {
			if r.IntN(4) == 0 {
				need[j] = true
				for k := range j {
					if slices.Contains(c.needs[name(j)], name(k)) {
						need[k] = true
					}
				}
			}
		}
		c.needs[name(i)] = nil
		for j := i - 1; j >= 0; j-- {
			if need[j] {
				c.needs[name(i)] = append(c.needs[name(i)], name(j))
			}
		}
		if r.IntN(8) == 0 {
			c.refuses[name(i)] = true
		}
	}
	var lines []string
	for range r.IntN(4) {
		m := name(r.IntN(n))
		switch r.IntN(3) {
		case 0:
			lines = append(lines, "install "+m+" something")
		case 1:
			lines = append(lines, "softdep "+m+" pre: "+name(r.IntN(n))+" "+name(r.IntN(n)))
		case 2:
			lines = append(lines, "softdep "+m+" pre: "+name(r.IntN(n))+" post: "+name(r.IntN(n)))
		}
	}
	c.config = strings.Join(lines, "\n") + "\n"
	for range 1 + r.IntN(3) {
		c.names = append(c.names, name(r.IntN(n)))
	}
	return c
}

// TestTogetherAlike holds that no number of jobs changes what becomes of a load,
// that nothing is loaded before what it needs, and that an install command is
// alone, on random modules.
func TestTogetherAlike(t *testing.T) {
	for seed := range uint64(300) {
		c := randomCrowd(rand.New(rand.NewPCG(seed, 6)))
		for _, policy := range []string{PolicyVerified, PolicyKmod20} {
			var first string
			for _, jobs := range []int{1, 2, 3, MaxJobs} {
				synctest.Test(t, func(t *testing.T) {
					k, r := c.world(t)
					random := rand.New(rand.NewPCG(seed, uint64(jobs)))
					k.takes = func(string) time.Duration { return time.Duration(random.IntN(5)) * time.Second }
					got := c.load(t, k, r, policy, jobs)
					if first == "" {
						first = got
					}
					if got != first {
						t.Errorf("seed %d, %s: with %d jobs\n%swith 1\n%s%+v", seed, policy, jobs, got, first, c)
					}
				})
			}
			if t.Failed() {
				return
			}
		}
	}
}

// TestTogetherIsOrder holds that without a failure jobs lead to the same as
// modprobe's order does.
func TestTogetherIsOrder(t *testing.T) {
	for seed := range uint64(200) {
		c := randomCrowd(rand.New(rand.NewPCG(seed, 7)))
		c.refuses = nil
		var outcome [2]string
		for i, jobs := range []int{0, 4} {
			synctest.Test(t, func(t *testing.T) {
				k, r := c.world(t)
				outcome[i] = c.load(t, k, r, PolicyKmod20, jobs)
			})
		}
		if outcome[0] != outcome[1] {
			t.Fatalf("seed %d: in order\n%swith jobs\n%s%+v", seed, outcome[0], outcome[1], c)
		}
	}
}

// TestTogetherTakes holds how long loads of one second take with so many jobs.
func TestTogetherTakes(t *testing.T) {
	six := crowd{needs: map[string][]string{"top": {"a", "b", "c", "d", "e"}}, names: []string{"top"}}
	for _, m := range []string{"a", "b", "c", "d", "e"} {
		six.needs[m] = nil
	}
	chain := crowd{needs: map[string][]string{"c": {"b", "a"}, "b": {"a"}, "a": nil}, names: []string{"c"}}
	names := crowd{needs: map[string][]string{"a": {"z"}, "b": {"z"}, "c": nil, "z": nil}, names: []string{"a", "b", "c", "z"}}
	soft := six
	soft.config = "softdep top pre: e d c\n"
	post := six
	post.config = "softdep a post: b\nsoftdep c pre: d\n"
	command := six
	command.config = "install c something\n"
	for _, tc := range []struct {
		what string
		c    crowd
		jobs int
		want time.Duration
		most int
	}{
		{"six, in order", six, 0, 6 * time.Second, 1},
		{"six, one", six, 1, 6 * time.Second, 1},
		{"six, two", six, 2, 4 * time.Second, 2},
		{"six, many", six, 64, 2 * time.Second, 5},
		{"a chain", chain, 64, 3 * time.Second, 1},
		{"several names", names, 64, 2 * time.Second, 2},
		{"softdeps of what was asked for are its dependencies anyway", soft, 64, 4 * time.Second, 3},
		{"softdeps among dependencies", post, 64, 3 * time.Second, 4},
		{"an install command between", command, 64, 4 * time.Second, 2},
	} {
		t.Run(tc.what, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, r := tc.c.world(t)
				start := time.Now()
				tc.c.load(t, k, r, PolicyVerified, tc.jobs)
				if took := time.Since(start); took != tc.want || k.most != tc.most {
					t.Errorf("took %s, up to %d at once, want %s and %d; begun %v", took, k.most, tc.want, tc.most, k.begun)
				}
			})
		})
	}
}

// TestTogetherLog holds that a refusal is not explained by what the kernel said
// of another module meanwhile.
func TestTogetherLog(t *testing.T) {
	c := crowd{needs: map[string][]string{"m1": nil, "m2": nil, "m3": nil}, refuses: map[string]bool{"m3": true, "m1": true}, names: []string{"m1", "m2", "m3"}}
	synctest.Test(t, func(t *testing.T) {
		k, r := c.world(t)
		l := &Loader{Resolver: r, Kernel: k}
		reqs := []kernel.LoadRequest{{Name: "m1"}, {Name: "m2"}, {Name: "m3"}}
		want := []string{"m1: said by one", "", "said by nobody"}
		l.LoadAll(t.Context(), reqs, 3, func(i int, res kernel.LoadResult, err error) {
			var refused *kernel.LoadError
			errors.As(err, &refused)
			if got := ""; i != 1 {
				if got = strings.Join(refused.Log, "|"); got != want[i] {
					t.Errorf("%s: %q, want %q", res.Name, got, want[i])
				}
			}
		})
	})
}

// TestTogetherStops ends a load under way: what has begun is finished, nothing
// else is begun.
func TestTogetherStops(t *testing.T) {
	c := crowd{needs: map[string][]string{"top": {"a", "b", "c"}, "a": nil, "b": nil, "c": nil}, names: []string{"top"}}
	synctest.Test(t, func(t *testing.T) {
		k, r := c.world(t)
		ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
		defer cancel()
		threads, ended := 0, 0
		l := &Loader{Resolver: r, Kernel: k, Thread: func() func() {
			k.mu.Lock()
			defer k.mu.Unlock()
			threads++
			return func() {
				k.mu.Lock()
				defer k.mu.Unlock()
				ended++
			}
		}}
		_, err := l.Load(ctx, kernel.LoadRequest{Name: "top", Jobs: 2})
		if !errors.Is(err, context.DeadlineExceeded) || len(k.begun) != 2 || len(k.live()) != 2 {
			t.Errorf("%v; begun %v, in the kernel %v", err, k.begun, k.live())
		}
		if threads != 1 || ended != 1 {
			t.Errorf("%d further threads begun, %d ended", threads, ended)
		}
	})
}

// FuzzTogether: whatever a tree and a configuration say, a load ends, with any
// number of jobs in the same way.
func FuzzTogether(f *testing.F) {
	f.Add("a.ko: b.ko c.ko\nb.ko: c.ko\nc.ko:\n", "softdep a pre: c post: b\ninstall b x\n", "a")
	f.Add("a.ko: a.ko b.ko\nb.ko: a.ko\n", "softdep a pre: b\nsoftdep b pre: a\n", "b")
	f.Add("a.ko: gone.ko\n", "alias * a\nblacklist a\n", "x")
	f.Fuzz(func(t *testing.T, dep, conf, name string) {
		if len(dep) > 500 || len(conf) > 500 {
			return
		}
		tree := fstest.MapFS{"modules.dep": {Data: []byte(dep)}, "a.ko": {}, "b.ko": {}, "c.ko": {}}
		file := filepath.Join(t.TempDir(), "a.conf")
		if err := os.WriteFile(file, []byte(conf), 0o644); err != nil {
			t.Fatal(err)
		}
		config, err := ReadConfig([]string{file}, "")
		if err != nil {
			return
		}
		var first string
		for _, jobs := range []int{1, 4} {
			k := &crowdKernel{states: map[string]trace.State{}, takes: func(string) time.Duration { return 0 }}
			l := &Loader{Resolver: NewResolver(NewTree(tree, "TREE"), config), Kernel: k, Policy: Policy{Name: PolicyKmod20}, Run: k.run}
			res, err := l.Load(t.Context(), kernel.LoadRequest{Name: name, Jobs: jobs})
			got := fmt.Sprint(res.Modules, res.Verdict, res.State, err, k.live())
			if first == "" {
				first = got
			}
			if got != first {
				t.Errorf("with %d jobs %s\nwith 1 %s", jobs, got, first)
			}
		}
	})
}
