package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

// fetcherArg starts the test program as a kmodsh that fetches a kernel and is
// killed when it tells of its progress in a stage for the n-th time. How often
// that is depends on how quick it is: at the latest it is when the stage is over.
const fetcherArg = "__fetcher"

func fetcherMain(args []string) int {
	c, err := OpenCache(args[0])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	n, _ := strconv.Atoi(args[2])
	seen := 0
	_, err = c.Fetch(context.Background(), "6.1", func(s Step) {
		if s.Name == args[1] {
			seen++
		}
		if seen >= n || seen > 0 && s.Name != args[1] {
			syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// TestFetchEndsAnywhere ends a fetch at every moment at which it tells of its
// progress, by killing kmodsh and by giving up: nothing half-made is ever seen,
// nothing is left, and the next fetch is whole.
func TestFetchEndsAnywhere(t *testing.T) {
	dir := fakeArchive(t)
	// No list knows it before an update: so all stages are gone through.
	addPackage(t, dir, "list.archive", "6.1.0-9-amd64", "6.1.100-1")
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	forgetLists := func() { os.Remove(filepath.Join(dir, "list.own")) }
	fetch := func(c *Cache, end func(moment int, cancel context.CancelFunc)) (stages []string, err error) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		_, err = c.Fetch(ctx, "6.1", func(s Step) {
			stages = append(stages, s.Name)
			end(len(stages), cancel)
		})
		return stages, err
	}
	check := func(what string, c *Cache) {
		t.Helper()
		if got := ls(t, c.path(tmpDir)); len(got) != 0 {
			t.Errorf("%s: left behind: %q", what, got)
		}
		ks, err := c.fetched()
		if err != nil || len(ks) > 1 {
			t.Errorf("%s: kernels: %+v, %v", what, ks, err)
		}
		for _, k := range ks {
			if _, err := os.Stat(filepath.Join(k.Modules, "modules.dep.bin")); err != nil {
				t.Errorf("%s: half a kernel: %v", what, err)
			}
		}
		forgetLists()
		k, err := c.Fetch(t.Context(), "6.1", nil)
		if err != nil || k.Release != "6.1.0-9-amd64" {
			t.Errorf("%s: after it: %+v, %v", what, k, err)
		}
		if n, err := checkSeal(mustDisk(t, c, k), true); err != nil || n != int64(len("disk\n")) {
			t.Errorf("%s: its disk image has %d bytes: %v", what, n, err)
		}
	}
	stages, err := fetch(testCache(t), func(int, context.CancelFunc) {})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("moments: %q", stages)
	nth := 0
	for moment := 1; moment <= len(stages); moment++ {
		if nth++; moment > 1 && stages[moment-2] != stages[moment-1] {
			nth = 1
		}
		if nth > 1 && stages[moment-1] == stages[len(stages)-1] {
			continue // nothing comes after it that it would be killed at otherwise
		}
		if moment > 1 && moment < len(stages) && stages[moment-2] == stages[moment-1] && stages[moment] == stages[moment-1] {
			continue // in the middle of a stage once is enough
		}
		name := fmt.Sprintf("moment %d (%s)", moment, stages[moment-1])
		forgetLists()
		c := testCache(t)
		if _, err := fetch(c, func(n int, cancel context.CancelFunc) {
			if n == moment {
				cancel()
			}
		}); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("%s, given up: %v", name, err)
		}
		check(name+", given up", c)

		forgetLists()
		c = testCache(t)
		cmd := exec.Command(self, fetcherArg, c.Dir(), stages[moment-1], strconv.Itoa(nth))
		if out, err := cmd.CombinedOutput(); cmd.ProcessState == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("%s: it was not killed: %v\n%s", name, err, out)
		}
		if c, err = OpenCache(c.Dir()); err != nil {
			t.Fatal(err)
		}
		check(name+", killed", c)
	}
}

// mustDisk returns the disk image of a fetched kernel.
func mustDisk(t *testing.T, c *Cache, k Kernel) string {
	t.Helper()
	path, err := c.disk(t.Context(), k, k.Fingerprint, nil)
	if err != nil {
		t.Fatal(err)
	}
	return path
}
