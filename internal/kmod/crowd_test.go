package kmod

import (
	"context"
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

func (k *crowdKernel) Release() string { return "6.1.0" }

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
	config.files[0].path = "a.conf"
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
