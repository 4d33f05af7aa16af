package kmod

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

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
