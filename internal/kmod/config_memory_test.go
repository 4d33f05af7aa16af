package kmod

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"testing/fstest"
)

// TestConfigMemory counts what a configuration of very many lines takes until a name
// is resolved in it: the files' own texts, and for each line what is less than two
// words of it; no allocation is a line's.
func TestConfigMemory(t *testing.T) {
	const lines = 100_000
	var text bytes.Buffer
	for i := range lines {
		switch i % 5 {
		case 0:
			fmt.Fprintf(&text, "alias al-%d module_%d\n", i, i)
		case 1:
			fmt.Fprintf(&text, "blacklist module-%d\n", i)
		case 2:
			fmt.Fprintf(&text, "options module-%d parameter=%d\n", i, i)
		case 3:
			fmt.Fprintf(&text, "install module-%d /bin/true %d\n", i, i)
		case 4:
			fmt.Fprintf(&text, "softdep module-%d pre: before-%d post: behind-%d\n", i, i, i)
		}
	}
	size := uint64(text.Len())
	file := filepath.Join(t.TempDir(), "a.conf")
	if err := os.WriteFile(file, text.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	tree := fstest.MapFS{"modules.dep": {Data: []byte("kernel/module-99997.ko:\n")}, "kernel/module-99997.ko": {}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c, err := ReadConfig([]string{file}, "")
	if err != nil {
		t.Fatal(err)
	}
	r := NewResolver(NewTree(tree, "T"), c)
	shown, err := r.ShowDepends("module-99997", "", PlanOptions{})
	runtime.ReadMemStats(&after)
	if want := "insmod T/kernel/module-99997.ko parameter=99997 "; err != nil || len(shown) != 1 || shown[0] != want {
		t.Fatalf("%q, %v, want %q", shown, err, want)
	}
	if took, most := after.TotalAlloc-before.TotalAlloc, size+40*lines; took > most {
		t.Errorf("%d bytes were allocated for a file of %d, want up to %d", took, size, most)
	}
	if n := after.Mallocs - before.Mallocs; n > 1000 {
		t.Errorf("%d allocations for %d lines", n, lines)
	}
	runtime.KeepAlive(c)
}

// TestConfigTooLarge refuses a file of more than is read of one, and says how much
// that is.
func TestConfigTooLarge(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.conf")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, maxConfigFile+1); err != nil { // of a hole, which takes no disk
		t.Fatal(err)
	}
	_, err := ReadConfig([]string{file}, "")
	if want := "configuration: " + file + " is larger than 256 MiB"; err == nil || !bytes.HasPrefix([]byte(err.Error()), []byte(want)) {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestConfigEndless passes over what never ends, and says so in the words of every
// front; the other files count.
func TestConfigEndless(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink("/dev/zero", dir+"/a.conf"); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(dir+"/b.conf", []byte("options b x=1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	c, err := ReadConfig([]string{dir}, "")
	if err != nil {
		t.Fatal(err)
	}
	lines := slices.Collect(c.Lines())
	if len(lines) != 1 || lines[0].Name != "b" {
		t.Errorf("%+v, want the options of b", lines)
	}
	const why = "no regular file, and no end of it after 1 MiB"
	if got, want := c.Warnings(), []string{dir + "/a.conf: not read: " + why}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := c.Complaints(), []string{dir + "/a.conf: passed over: " + why}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
