//go:build linux

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/lab"
)

// ownBuild lays out a kernel as a person has it who built it: an image, and
// what make modules_install makes, with a few modules.
func ownBuild(t *testing.T, series string) (image, modules string) {
	t.Helper()
	cache, err := lab.OpenCache("")
	if err != nil {
		t.Fatal(err)
	}
	k, err := cache.Find(series)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	image, modules = filepath.Join(dir, "bzImage"), filepath.Join(dir, "installed")
	to := filepath.Join(modules, "lib/modules", k.Release)
	copies := map[string]string{k.Image: image}
	for _, name := range []string{"modules.builtin", "modules.builtin.modinfo", "modules.order"} {
		copies[filepath.Join(k.Modules, name)] = filepath.Join(to, name)
	}
	for _, name := range []string{"kernel/fs/minix/minix.ko", "kernel/lib/crc16.ko"} {
		found, err := filepath.Glob(filepath.Join(k.Modules, name+"*"))
		if err != nil || len(found) != 1 {
			t.Fatalf("%s: %q, %v", name, found, err)
		}
		copies[found[0]] = filepath.Join(to, filepath.Dir(name), filepath.Base(found[0]))
	}
	for from, to := range copies {
		copyInto(t, from, to, 0o644)
	}
	headers, err := filepath.Glob(filepath.Join(cache.Dir(), "headers", k.Release+"_*", "usr/src/linux-headers-"+k.Release))
	if err != nil || len(headers) == 0 {
		t.Fatalf("the headers of %s: %q, %v", k.Release, headers, err)
	}
	if err := os.Symlink(headers[0], filepath.Join(to, "build")); err != nil {
		t.Fatal(err)
	}
	return image, modules
}

// bisected runs a scenario as git bisect run does, on a kernel of one's own.
func bisected(t *testing.T, bin, image, modules, name, lines string) (text string, status int) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name+".kmodsh")
	text = "# title: " + name + "\n# shows: what a kernel does\n# source: made up\n# targets: sim:v6.1 sim:v6.12\n\n" + lines + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"run", "--kernel", image}
	if modules != "" {
		args = append(args, "--modules", modules)
	}
	out, errs, status := command(t, bin, "", append(args, file)...)
	return out + errs, status
}

// TestBisectWithoutAKernel: what is no kernel that could be tried is skipped by
// git bisect run, and words that make no sense end it.
func TestBisectWithoutAKernel(t *testing.T) {
	bin := buildStatic(t)
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("no kernel\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		image, modules, lines, says string
		status                      int
	}{
		{"/nonexistent/bzImage", "", "load minix", "no such file", 125},
		{text, "", "load minix", "not an x86-64 bzImage", 125},
		{t.TempDir(), "", "load minix", "build it: make bzImage modules", 125},
		{text, "", "lode minix", "lode", 2},
	} {
		out, status := bisected(t, bin, tt.image, tt.modules, "bisect", tt.lines)
		if status != tt.status || !strings.Contains(strings.Join(strings.Fields(out), " "), tt.says) {
			t.Errorf("%s, %q: exit %d\n%s", tt.image, tt.lines, status, out)
		}
	}
}

// TestVMBisect runs scenarios on a kernel as a person builds it: 0 for a good
// one; 1 for one that reports trouble, with the text and the move that brought
// it, and for one that panics; 125 for one that does not come up, and where the
// test modules were not built for it. It takes minutes, since a kernel that does
// not come up is waited for, and is one of those that run when KMODSH_LONG is set.
func TestVMBisect(t *testing.T) {
	if os.Getenv("KMODSH_LONG") == "" {
		t.Skip("takes some minutes: KMODSH_LONG=1 runs it")
	}
	const series = "6.12"
	needVM(t, series)
	bin := buildStatic(t)
	if out, errs, status := command(t, bin, "", "lab", "driver", "build", series); status != 0 { // which fetches the headers
		t.Fatalf("the headers: exit %d\n%s%s", status, out, errs)
	}
	image, modules := ownBuild(t, series)

	const ailing = "spawn A insmod ailing\nuntil at(\"A\") == \"W4\"\ncontinue\nexpect state(\"ailing\") == \"live\""
	if out, status := bisected(t, bin, image, "", "lacking", ailing); status != 125 || !strings.Contains(out, "the test module ailing was not built") {
		t.Errorf("without test modules: exit %d\n%s", status, out)
	}
	if out, errs, status := command(t, bin, "", "--kernel", image, "--modules", modules, "lab", "driver", "build"); status != 0 {
		t.Fatalf("the test driver: exit %d\n%s%s", status, out, errs)
	}
	if out, status := bisected(t, bin, image, modules, "good", "spawn A insmod minix\ncontinue\nexpect state(\"minix\") == \"live\""); status != 0 || !strings.Contains(out, "\nok 1 ") {
		t.Errorf("a good one: exit %d\n%s", status, out)
	}
	out, status := bisected(t, bin, image, modules, "warning", ailing)
	for _, want := range []string{":8: continue", "warning, by insmod/", "(A from W4, now returned 0)", "ailing: warns as it always does", "ailing_init+0x", "not ok 1 "} {
		if !strings.Contains(out, want) {
			t.Errorf("one that warns does not say %q", want)
		}
	}
	if status != 1 {
		t.Errorf("one that warns: exit %d\n%s", status, out)
	}
	out, status = bisected(t, bin, image, modules, "panic", "spawn A insmod ailing dies=1\nuntil at(\"A\") == \"W4\"\nstep A\ncontinue")
	if status != 1 || !strings.Contains(out, "kernel panic: ailing: panics as it was asked to") || !strings.Contains(out, "A from W5") {
		t.Errorf("one that panics: exit %d\n%s", status, out)
	}
	whole, err := os.ReadFile(image)
	if err != nil {
		t.Fatal(err)
	}
	copy(whole[len(whole)/2:], bytes.Repeat([]byte{0}, 200_000))
	broken := filepath.Join(t.TempDir(), "bzImage")
	if err := os.WriteFile(broken, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, status := bisected(t, bin, broken, modules, "dead", "spawn A insmod minix"); status != 125 || !strings.Contains(out, "expected: the kernel comes up") || !strings.Contains(out, "# SKIP ") {
		t.Errorf("one that does not come up: exit %d\n%s", status, out)
	}
}
