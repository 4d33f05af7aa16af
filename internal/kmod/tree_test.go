package kmod

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

func TestOpenTreeStaysInside(t *testing.T) {
	dir := t.TempDir()
	putFiles(t, filepath.Join(dir, "tree"), smallTree(t, true))
	if err := os.WriteFile(filepath.Join(dir, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	links := map[string]string{"out.ko": "../secret", "abs.ko": filepath.Join(dir, "secret"), "in.ko": "kernel/lib/crc16.ko"}
	for name, to := range links {
		if err := os.Symlink(to, filepath.Join(dir, "tree", name)); err != nil {
			t.Fatal(err)
		}
	}
	tree, err := OpenTree(filepath.Join(dir, "tree"))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	for _, name := range []string{"out.ko", "abs.ko", "../secret", "/etc/passwd", "kernel/../../secret", ""} {
		if f, err := tree.Open(name); err == nil {
			f.Close()
			t.Errorf("%q was opened", name)
		}
		if tree.hasFile(name) {
			t.Errorf("%q is taken for a module", name)
		}
	}
	f, err := tree.Open("in.ko")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, ok := f.(*os.File); !ok {
		t.Errorf("Open gives a %T, finit_module needs an *os.File", f)
	}
	if _, err := tree.Open("kernel/none.ko"); !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := OpenTree(filepath.Join(dir, "none")); !errors.Is(err, kernel.ErrNotFound) {
		t.Errorf("missing tree: %v", err)
	}
}

// TestResolverFromManyGoroutines is for the race detector.
func TestResolverFromManyGoroutines(t *testing.T) {
	r := NewResolver(NewTree(smallTree(t, true), "T"), nil)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, name := range []string{"ext4", "char-major-116-1", "crypto-aes", "nothing"} {
				_, err := r.Plan(name, PlanOptions{})
				if (err != nil) != (name == "nothing") {
					t.Error(name, err)
				}
			}
			if _, err := r.Names(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func TestNames(t *testing.T) {
	for _, binary := range []bool{true, false} {
		r := NewResolver(NewTree(smallTree(t, binary), "T"), nil)
		names, err := r.Names()
		if err != nil {
			t.Fatal(err)
		}
		if !slices.IsSorted(names) || !slices.Contains(names, "snd_seq_device") || !slices.Contains(names, "aes_generic") || len(names) != 18 {
			t.Errorf("%d names: %v", len(names), names)
		}
	}
}
