package inject

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakeTree makes a kernel build tree whose makefile does what it is told.
func fakeTree(t *testing.T, release, makefile string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"Makefile": makefile, "include/config/kernel.release": release + "\n",
		".config": "CONFIG_X=y\nCONFIG_CC_VERSION_TEXT=\"x86_64-linux-gnu-gcc-99 (Debian 99.1.0-1) 99.1.0\"\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestBuild has builds succeed, fail and lack something, and reads what is
// said of each.
func TestBuild(t *testing.T) {
	if _, err := exec.LookPath("make"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("no make: %v", err)
	}
	build := func(makefile string) (string, error) {
		tree := fakeTree(t, "9.9.9", makefile)
		return Build(t.Context(), t.TempDir(), BuildOptions{Tree: tree, Release: "9.9.9", Compiler: Compiler{Path: "cc"}})
	}
	module, err := build("modules:\n\t@cat $(M)/main.c > $(M)/kmodsh_driver.ko\n")
	if b, rerr := os.ReadFile(module); err != nil || rerr != nil || !strings.Contains(string(b), "MODULE_LICENSE") {
		t.Errorf("a build gives %q, %v, %v", module, err, rerr)
	}
	for what, c := range map[string]struct{ makefile, says string }{
		"an error":   {"modules:\n\t@echo 'x.c:1: fatal error: linux/x.h: No such file'; false\n", "linux/x.h: No such file"},
		"a warning":  {"modules:\n\t@touch $(M)/kmodsh_driver.ko; echo 'x.c:1: warning: unused x'\n", "unused x"},
		"no module":  {"modules:\n\t@true\n", "made no kmodsh_driver"},
		"no libelf":  {"modules:\n\t@echo 'objtool: libelf.so.1: cannot open shared object file'; false\n", "apt-get install libelf1"},
		"other make": {"other:\n", "No rule to make target"},
	} {
		if _, err := build(c.makefile); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s gives %v", what, err)
		}
	}

	var missing *MissingError
	_, err = Build(t.Context(), t.TempDir(), BuildOptions{Tree: t.TempDir(), Release: "9.9.9"})
	if !errors.As(err, &missing) || missing.Package != "linux-headers-9.9.9" {
		t.Errorf("no tree gives %v", err)
	}
	tree := fakeTree(t, "9.9.8", "modules:\n")
	if _, err = Build(t.Context(), t.TempDir(), BuildOptions{Tree: tree, Release: "9.9.9"}); err == nil || !strings.Contains(err.Error(), `"9.9.8"`) {
		t.Errorf("another kernel's tree gives %v", err)
	}
	if err := os.WriteFile(filepath.Join(tree, ".kernelvariables"), []byte("override ARCH = x86\noverride KERNELRELEASE = 9.9.9-deb\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if r, err := treeRelease(tree); r != "9.9.9-deb" || err != nil {
		t.Errorf("Debian's headers are of %q, %v", r, err)
	}
	spaced := filepath.Join(t.TempDir(), "a b")
	os.Mkdir(spaced, 0o755)
	if _, err = Build(t.Context(), spaced, BuildOptions{Tree: fakeTree(t, "9.9.9", "modules:\n"), Release: "9.9.9"}); err == nil || !strings.Contains(err.Error(), "space") {
		t.Errorf("a path with a space gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err = Build(ctx, t.TempDir(), BuildOptions{Tree: fakeTree(t, "9.9.9", "modules:\n\t@sleep 60\n"), Release: "9.9.9"}); !errors.Is(err, context.Canceled) {
		t.Errorf("a build that is given up gives %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err = Build(t.Context(), t.TempDir(), BuildOptions{Tree: fakeTree(t, "9.9.9", "modules:\n"), Release: "9.9.9"}); !errors.As(err, &missing) || missing.Package != "make" {
		t.Errorf("no make gives %v", err)
	}
	if _, err = FindCompiler(t.Context(), tree); !errors.As(err, &missing) || missing.Package != "gcc-99" {
		t.Errorf("no compiler gives %v", err)
	}
}
