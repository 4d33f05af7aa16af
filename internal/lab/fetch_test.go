package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// fakeApt are stand-ins for the programs that Fetch runs. Each notes its call;
// what the archive has is in files beside them: list.system and list.own name
// the packages in the lists, VERSION after each; NAME.deb is a package, whose
// content is the plain tar stream that dpkg-deb would give; list.archive
// becomes list.own by an update.
var fakeApt = map[string]string{
	"apt-cache": `own=system; while [ $# -gt 0 ]; do case $1 in -c) own=own; shift 2;; -o) shift 2;; *) break;; esac; done
echo "apt-cache $own $1" >> calls
case $1 in
pkgnames) cut -d' ' -f1 list.$own 2>/dev/null; exit 0;;
show) v=$(sed -n "s/^$3 //p" list.$own); [ -n "$v" ] || { echo "E: No packages found" >&2; exit 100; }
	printf 'Package: %s\nVersion: %s\nInstalled-Size: 1\nSize: 2048\n\nPackage: other\nVersion: 0\n' "$3" "$v";;
esac`,
	"apt-get": `own=system; while [ $# -gt 0 ]; do case $1 in -c) own=own; shift 2;; -o) shift 2;; -q) shift;; *) break;; esac; done
echo "apt-get $own $1" >> calls
case $1 in
update) [ -f list.archive ] || { echo "W: Failed to fetch http://deb.example/ Temporary failure resolving 'deb.example'"; echo "E: Some index files failed to download."; exit 100; } >&2
	cp list.archive list.own;;
download) echo "dlstatus:1:50.0:Retrieving" >&3
	[ ! -f stuck ] || { touch started; exec sleep 60; }
	[ ! -f full ] || { echo "E: Write error - write (28: No space left on device)" >&2; exit 100; }
	[ -f "$2.deb" ] || { echo "E: Failed to fetch http://deb.example/$2.deb  404  Not Found" >&2; exit 100; }
	echo "dlstatus:1:100.0:Retrieving" >&3
	cp "$2.deb" "$out/$2.deb";;
esac`,
	"dpkg-deb":   `cat "$2"`,
	"mksquashfs": `echo mksquashfs >> calls; echo disk > "$2"`,
}

// fakeArchive puts fakeApt, and nothing else, into PATH.
func fakeArchive(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, script := range fakeApt {
		script = fmt.Sprintf("#!/bin/sh\nPATH=/usr/bin:/bin\nout=$PWD\ncd '%s'\n%s\n", dir, script)
		writeFile(t, filepath.Join(dir, name), script)
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
	return dir
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// addPackage puts a kernel into the archive.
func addPackage(t *testing.T, dir, list, release, version string) {
	t.Helper()
	name := "linux-image-" + release
	f, err := os.OpenFile(filepath.Join(dir, list), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s\n", name, version)
	writeFile(t, filepath.Join(dir, name+".deb"), string(makeTar(
		member{name: "./boot/vmlinuz-" + release, data: string(bzImage(release + " (x) " + version))},
		member{name: "./boot/config-" + release, data: "CONFIG_X=y\n"},
		member{name: "./lib/modules/" + release + "/kernel/a.ko", data: string(testModule("a", "", ""))},
		member{name: "./lib/modules/" + release + "/modules.order", data: "kernel/a.ko\n"},
		member{name: "./lib/modules/" + release + "/modules.builtin", data: "kernel/b.ko\n"})))
}

// calls returns and forgets what was run.
func calls(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "calls")
	b, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	os.Remove(path)
	return strings.Join(strings.Split(strings.TrimSpace(string(b)), "\n"), ", ")
}

func TestFetch(t *testing.T) {
	dir := fakeArchive(t)
	c := testCache(t)
	addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
	addPackage(t, dir, "list.system", "6.1.0-10-amd64", "6.1.101-1")
	var steps []string
	p := func(s Step) {
		if len(steps) == 0 || steps[len(steps)-1] != s.Name {
			steps = append(steps, s.Name)
		}
	}
	k, err := c.Fetch(context.Background(), "6.1", p)
	if err != nil {
		t.Fatal(err)
	}
	if k.Release != "6.1.0-10-amd64" || k.Version != "6.1.101-1" || k.Source != SourceFetched || k.Name != "6.1" {
		t.Errorf("fetched %+v", k)
	}
	if got, want := strings.Join(steps, " "), "resolve download unpack depmod disk"; got != want {
		t.Errorf("steps: %s, want %s", got, want)
	}
	if got, want := calls(t, dir), "apt-cache system pkgnames, apt-cache system show, apt-get system download, mksquashfs"; got != want {
		t.Errorf("calls: %s\nwant:  %s", got, want)
	}
	if _, err := os.Stat(filepath.Join(k.Modules, "modules.dep.bin")); err != nil {
		t.Error(err)
	}
	if got := ls(t, c.path(tmpDir)); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}

	// The same again asks nobody.
	again, err := c.Fetch(context.Background(), "6.1", nil)
	if err != nil || again != k || calls(t, dir) != "" {
		t.Errorf("again: %+v, %v", again, err)
	}
	// A newer one takes the place of the older.
	addPackage(t, dir, "list.system", "6.1.0-11-amd64", "6.1.102-1")
	if err := os.Remove(c.resolvedFile("6.1")); err != nil { // the lists changed
		t.Fatal(err)
	}
	if k, err = c.Fetch(context.Background(), "6.1", nil); err != nil || k.Release != "6.1.0-11-amd64" {
		t.Errorf("newer: %+v, %v", k, err)
	}
	if ks, err := c.fetched(); err != nil || len(ks) != 1 {
		t.Errorf("after the newer one: %+v, %v", ks, err)
	}
	// A whole release can be had beside it.
	if k, err = c.Fetch(context.Background(), "6.1.0-9-amd64", nil); err != nil || k.Release != "6.1.0-9-amd64" {
		t.Errorf("by release: %+v, %v", k, err)
	}
	if found, err := c.Find("6.1"); err != nil || found.Release != "6.1.0-11-amd64" {
		t.Errorf("Find: %+v, %v", found, err)
	}
	if found, err := c.Find("6.1.0-9-amd64"); err != nil || found != k {
		t.Errorf("Find: %+v, %v", found, err)
	}
	_, err = c.Find("6.5")
	var unknown *UnknownKernelError
	if !errors.As(err, &unknown) || !errors.Is(err, kernel.ErrNotFound) ||
		!strings.Contains(err.Error(), "6.1.0-11-amd64 (fetched)") || !strings.Contains(err.Error(), "kmodsh lab fetch 6.5") {
		t.Errorf("unknown kernel: %v", err)
	}
}

func TestFetchWithOwnLists(t *testing.T) {
	t.Run("none in the system", func(t *testing.T) {
		dir, c := fakeArchive(t), testCache(t)
		addPackage(t, dir, "list.archive", "6.12.9+deb12-amd64", "6.12.9-1")
		k, err := c.Fetch(context.Background(), "6.12", nil)
		if err != nil || k.Release != "6.12.9+deb12-amd64" {
			t.Errorf("%+v, %v", k, err)
		}
		if got := calls(t, dir); !strings.Contains(got, "apt-get own update, apt-cache own pkgnames, apt-cache own show, apt-get own download") {
			t.Errorf("calls: %s", got)
		}
	})
	t.Run("out of date in the system", func(t *testing.T) {
		dir, c := fakeArchive(t), testCache(t)
		addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
		os.Remove(filepath.Join(dir, "linux-image-6.1.0-9-amd64.deb"))
		addPackage(t, dir, "list.archive", "6.1.0-10-amd64", "6.1.101-1")
		k, err := c.Fetch(context.Background(), "6.1", nil)
		if err != nil || k.Release != "6.1.0-10-amd64" {
			t.Errorf("%+v, %v", k, err)
		}
	})
}

func TestFetchFails(t *testing.T) {
	tests := []struct {
		name, spec string
		set        func(t *testing.T, dir string)
		want       []string // in the error
	}{
		{"no such series", "4.4", func(t *testing.T, dir string) {
			addPackage(t, dir, "list.archive", "6.1.0-9-amd64", "6.1.100-1")
		}, []string{"no package of kernel 4.4", "there are: 6.1"}},
		{"no network", "6.1", func(t *testing.T, dir string) {}, []string{"cannot be reached", "check the network"}},
		{"disk full", "6.1", func(t *testing.T, dir string) {
			addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
			writeFile(t, filepath.Join(dir, "full"), "")
		}, []string{"no space left", CacheEnv}},
		{"gone, and no network", "6.1", func(t *testing.T, dir string) {
			writeFile(t, filepath.Join(dir, "list.system"), "linux-image-6.1.0-9-amd64 6.1.100-1\n")
		}, []string{"cannot be reached"}},
		{"damaged package", "6.1", func(t *testing.T, dir string) {
			addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
			writeFile(t, filepath.Join(dir, "linux-image-6.1.0-9-amd64.deb"), "no tar stream")
		}, []string{"unpacking linux-image-6.1.0-9-amd64.deb", "damaged"}},
		{"image of another kernel", "6.1", func(t *testing.T, dir string) {
			addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
			writeFile(t, filepath.Join(dir, "linux-image-6.1.0-9-amd64.deb"), string(makeTar(
				member{name: "./boot/vmlinuz-6.1.0-9-amd64", data: string(bzImage("6.2.0 (x)"))},
				member{name: "./lib/modules/6.1.0-9-amd64/modules.order"})))
		}, []string{`"6.2.0"`}},
		{"no apt", "6.1", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "apt-get")) }, []string{"apt-get is not here", "--kernel"}},
		{"no mksquashfs", "6.1", func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, "mksquashfs")) }, []string{"apt-get install", "squashfs-tools"}},
		{"no name of a kernel", "../6.1", func(t *testing.T, dir string) {}, []string{"neither a series"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir, c := fakeArchive(t), testCache(t)
			tt.set(t, dir)
			_, err := c.Fetch(context.Background(), tt.spec, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
			if ks := ls(t, c.path(kernelsDir)); len(ks) != 0 {
				t.Errorf("kernels: %q", ks)
			}
			if got := ls(t, c.path(tmpDir)); len(got) != 0 {
				t.Errorf("left behind: %q", got)
			}
		})
	}
}

func TestFetchInterrupted(t *testing.T) {
	dir, c := fakeArchive(t), testCache(t)
	addPackage(t, dir, "list.system", "6.1.0-9-amd64", "6.1.100-1")
	writeFile(t, filepath.Join(dir, "stuck"), "")
	ctx, cancel := context.WithCancel(context.Background())
	p := func(s Step) {
		if s.Name == "download" && s.Done > 0 {
			cancel()
		}
	}
	if _, err := c.Fetch(ctx, "6.1", p); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v, want context.Canceled", err)
	}
	if got := append(ls(t, c.path(tmpDir)), ls(t, c.path(kernelsDir))...); len(got) != 0 {
		t.Errorf("left behind: %q", got)
	}
	os.Remove(filepath.Join(dir, "stuck"))
	if _, err := c.Fetch(context.Background(), "6.1", nil); err != nil {
		t.Errorf("again: %v", err)
	}
}
