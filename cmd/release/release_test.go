package main

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestReproducible builds the program twice, from two places, and packs it
// twice: the same bytes.
func TestReproducible(t *testing.T) {
	here, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	there := filepath.Join(t.TempDir(), "elsewhere")
	copySource(t, here, there)
	v := version{text: "1.2.3", at: time.Unix(1700000000, 0)}
	var programs, packages [2][]byte
	for i, dir := range []string{here, there} {
		out := filepath.Join(t.TempDir(), "kmodsh")
		if err := build(dir, "kmodsh", out, "linux/amd64", v.text); err != nil {
			t.Fatal(err)
		}
		if programs[i], err = os.ReadFile(out); err != nil {
			t.Fatal(err)
		}
		// A part says as much of the packing as the whole, which takes the race
		// detector half a minute to pack.
		part := programs[i][:min(len(programs[i]), 1<<20)]
		if packages[i], err = debOf(v, "amd64", []file{{"usr/bin/kmodsh", part, 0o755}}); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(programs[0], programs[1]) {
		t.Error("two builds of the same source differ")
	}
	if !bytes.Equal(packages[0], packages[1]) {
		t.Error("two packages of the same files differ")
	}
	if bytes.Contains(programs[0], []byte(here)) {
		t.Errorf("the program has %s in it", here)
	}
}

// copySource copies what go build needs.
func copySource(t *testing.T, from, to string) {
	t.Helper()
	err := filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); name == ".git" || name == "dist" || name == "bin" || strings.HasPrefix(name, ".") && rel != "." {
				return filepath.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, rel), 0o755)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, rel), data, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestDpkgReadsPackage has Debian's own tool read a package.
func TestDpkgReadsPackage(t *testing.T) {
	tool, err := exec.LookPath("dpkg-deb")
	if err != nil {
		t.Skipf("no dpkg-deb to read the package with: %v", err)
	}
	v := version{text: "0.0~git20261126.abc", at: time.Unix(1700000000, 0)}
	deb, err := debOf(v, "amd64", []file{{"usr/bin/kmodsh", []byte("a program"), 0o755}, {"usr/share/man/man1/kmodsh.1.gz", []byte("odd"), 0o644}})
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "x.deb")
	if err := os.WriteFile(name, deb, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		arg  string
		want []string
	}{
		{"--info", []string{"Package: kmodsh", "Version: 0.0~git20261126.abc", "Architecture: amd64"}},
		{"--contents", []string{"-rwxr-xr-x root/root", "./usr/bin/kmodsh", "drwxr-xr-x root/root", "./usr/share/man/man1/kmodsh.1.gz"}},
	} {
		out, err := exec.Command(tool, c.arg, name).CombinedOutput()
		if err != nil {
			t.Fatalf("dpkg-deb %s: %v\n%s", c.arg, err, out)
		}
		for _, w := range c.want {
			if !strings.Contains(string(out), w) {
				t.Errorf("dpkg-deb %s does not show %q:\n%s", c.arg, w, out)
			}
		}
	}
}
