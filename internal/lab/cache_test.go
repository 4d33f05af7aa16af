package lab

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func testCache(t *testing.T) *Cache {
	t.Helper()
	c, err := OpenCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func ls(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// orphan is the child of TestSweep: it makes a temporary directory and waits
// to be killed.
func orphan(t *testing.T, dir string) {
	c, err := OpenCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	tmp, err := c.TempDir("orphan")
	if err != nil {
		t.Fatal(err)
	}
	sub := filepath.Join(tmp.Path, "locked")
	writeFile(t, filepath.Join(sub, "file"), "x")
	if err := os.Chmod(sub, 0o500); err != nil {
		t.Fatal(err)
	}
	os.Stdout.WriteString("ready\n")
	os.Stdin.Read(make([]byte, 1))
}

func TestSweep(t *testing.T) {
	if dir := os.Getenv("KMODSH_TEST_ORPHAN"); dir != "" {
		orphan(t, dir)
		return
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestSweep$")
	child.Env = append(os.Environ(), "KMODSH_TEST_ORPHAN="+dir)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 6)
	if _, err := out.Read(buf); err != nil || string(buf) != "ready\n" {
		child.Process.Kill()
		t.Fatalf("child said %q, %v", buf, err)
	}

	// While the owner lives, its directory stays.
	c, err := OpenCache(dir)
	if err != nil {
		t.Fatal(err)
	}
	mine, err := c.TempDir("mine")
	if err != nil {
		t.Fatal(err)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 4 {
		t.Errorf("with a living owner: %q, want two directories and their locks", got)
	}

	child.Process.Kill()
	child.Wait()
	if _, err := OpenCache(dir); err != nil {
		t.Fatal(err)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 2 || !strings.HasPrefix(got[0], "mine-") {
		t.Errorf("after the owner's death: %q, want only mine and its lock", got)
	}
	if err := mine.Close(); err != nil {
		t.Fatal(err)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 0 {
		t.Errorf("at the end: %q, want nothing", got)
	}
}

func TestOnce(t *testing.T) {
	c := testCache(t)
	const n = 8
	made := make(chan int, n)
	errs := make(chan error, n)
	for i := range n {
		go func() {
			errs <- c.once(context.Background(), disksDir, "1.0_x", nil, func(path string) error {
				made <- i
				return os.WriteFile(path, []byte("whole"), 0o644)
			})
		}()
	}
	for range n {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
	if len(made) != 1 {
		t.Errorf("made %d times, want once", len(made))
	}

	failed := errors.New("failed half way")
	err := c.once(context.Background(), disksDir, "2.0_x", nil, func(path string) error {
		os.WriteFile(path, []byte("ha"), 0o644)
		return failed
	})
	if !errors.Is(err, failed) {
		t.Errorf("err = %v, want %v", err, failed)
	}
	if got := ls(t, c.path(disksDir)); len(got) != 1 || got[0] != "1.0_x" {
		t.Errorf("disks: %q, want only 1.0_x", got)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
}

func TestLockIsCancelled(t *testing.T) {
	c := testCache(t)
	unlock, err := c.lock(context.Background(), "x", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(context.Background())
	waiting := func(Step) { cancel() }
	if _, err := c.lock(ctx, "x", waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
}

func TestCacheErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(filepath.Join(file, "sub")); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("err = %v, want one that names %s", err, file)
	}
	t.Setenv(CacheEnv, "/some/where")
	if dir, err := DefaultCacheDir(); err != nil || dir != "/some/where" {
		t.Errorf("DefaultCacheDir = %q, %v", dir, err)
	}
	if os.Geteuid() == 0 {
		t.Log("not tried as root: a directory that cannot be written")
		return
	}
	ro := filepath.Join(t.TempDir(), "ro")
	if err := os.Mkdir(ro, 0o555); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenCache(filepath.Join(ro, "cache")); err == nil || !strings.Contains(err.Error(), CacheEnv) {
		t.Errorf("err = %v, want one that says %s", err, CacheEnv)
	}
}

func TestSuperfluous(t *testing.T) {
	now := time.Unix(1e9, 0)
	item := func(path, group string, mb int64, age time.Duration) cacheItem {
		return cacheItem{path, group, mb << 20, now.Add(-age)}
	}
	tests := []struct {
		name  string
		items []cacheItem
		want  string
	}{
		{"few", []cacheItem{item("a", "6.1", 1, time.Hour), item("b", "6.1", 1, 2*time.Hour)}, ""},
		{"the oldest of one release", []cacheItem{
			item("a", "6.1", 1, 5*time.Hour), item("b", "6.1", 1, time.Hour), item("c", "6.1", 1, 2*time.Hour),
			item("d", "6.1", 1, 3*time.Hour), item("e", "6.12", 1, 9*time.Hour)}, "a"},
		{"in use", []cacheItem{
			item("a", "6.1", 1, 4), item("b", "6.1", 1, 3), item("c", "6.1", 1, 2), item("d", "6.1", 1, 1)}, ""},
		{"too large", []cacheItem{
			item("a", "6.1", 4000, time.Hour), item("b", "6.12", 4000, 2*time.Hour), item("c", "6.13", 1, 3*time.Hour)}, "b"},
	}
	for _, tt := range tests {
		if got := strings.Join(superfluous(tt.items, now), " "); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestPruneRemoves(t *testing.T) {
	c := testCache(t)
	for i, name := range []string{"6.1_a", "6.1_b", "6.1_c", "6.1_d"} {
		path := c.path(disksDir, name)
		if err := os.WriteFile(path, []byte("x"), 0o644); err != nil {
			t.Fatal(err)
		}
		old := time.Now().Add(-time.Duration(i+1) * time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	c.Prune()
	if got := strings.Join(ls(t, c.path(disksDir)), " "); got != "6.1_a 6.1_b 6.1_c" {
		t.Errorf("left: %s", got)
	}
}
