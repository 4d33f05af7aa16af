package kmod

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDepmodDiskFull fills a small file system: the old indexes stay, nothing
// is left over, and the error is a sentence that names the file.
func TestDepmodDiskFull(t *testing.T) {
	out := t.TempDir()
	if err := syscall.Mount("kmodsh-test", out, "tmpfs", 0, "size=64k"); err != nil {
		t.Skipf("a small file system cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(out, 0); err != nil {
			t.Error(err)
		}
	})
	small, files := generatedTree(3)
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: tinyTree(t, small, files), Out: out}); err != nil {
		t.Fatal(err)
	}
	before := readAll(t, out)
	large, files := generatedTree(400)
	_, err := Depmod(t.Context(), DepmodOptions{Dir: tinyTree(t, large, files), Out: out})
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("error is %v, want ENOSPC", err)
	}
	t.Log(err)
	if s := err.Error(); !strings.Contains(s, out+"/modules.") || !strings.Contains(s, "unchanged") || strings.Contains(s, "\n") {
		t.Errorf("the message does not say what happened: %s", s)
	}
	if diff := cmp.Diff(before, readAll(t, out)); diff != "" {
		t.Errorf("the old indexes changed: %s", diff)
	}
}

func readAll(t *testing.T, dir string) map[string]string {
	t.Helper()
	return readTree(t, dir, listDir(t, dir)...)
}

// TestPublishKeepsOthers checks that a file that cannot be replaced leaves
// nothing half-written.
func TestPublishKeepsOthers(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "modules.dep"), 0o755); err != nil {
		t.Fatal(err)
	}
	made := make(chan struct{})
	close(made)
	out, err := publish(dir, []*depmodFile{{name: "modules.dep", data: bytes.Repeat([]byte("x"), 10), made: made}, {name: "modules.alias", made: made}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if out.finish() == nil {
		t.Fatal("a directory was replaced by a file")
	}
	if diff := cmp.Diff([]string{"modules.dep"}, listDir(t, dir)); diff != "" {
		t.Error(diff)
	}
}
