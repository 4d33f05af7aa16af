package kmod_test

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/ops"
)

// TestSnapshotWithout: no byte of a part that is left out is in the bundle, also
// not by way of what was found in files; and never a secret.
func TestSnapshotWithout(t *testing.T) {
	r := kernelTree(t, nil)
	s := &situation{
		t: t, dir: r.Tree().Dir(), conf: t.TempDir(), cmd: "mine.level=cmdlineword quiet",
		sys:   kernel.System{Machine: "x86_64", Lockdown: "none", Enforced: "N", KeysKnown: true, Keys: []kernel.Key{{Name: "a key of systemword", ID: "77"}}},
		shows: bundle.Content{Modules: []kernel.Module{}, Log: []string{"[ 1.0] mine: module logword"}},
	}
	s.file("extra/mine.ko", kmod.Signed(fits().Image()))
	s.depmod()
	s.config("a.conf", "options mine on=configword wifi_password=hunter2\n")
	s.shows.System = &s.sys
	s.shows.Release = testRelease
	s.shows.Info = &kernel.Info{Release: testRelease, Facts: []kernel.Fact{{Name: "console", Value: "/home/me/console.log", Here: true}, {Name: "accelerator", Value: "accelword"}}}
	session := ops.New()
	session.SetTarget(themeTarget{bundle.NewTarget("vm:test", &s.shows), s})
	defer session.Close()
	bytes := func(without string) string {
		t.Helper()
		file := filepath.Join(t.TempDir(), "b")
		words := []string{"snapshot", file, "mine"}
		if without != "" {
			words = []string{"snapshot", "--without", without, file, "mine"}
		}
		if _, err := session.Exec(t.Context(), words); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(file)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	all := bytes("")
	if strings.Contains(all, "hunter2") {
		t.Error("a password is in the bundle")
	}
	for _, path := range []string{s.dir, "/home/me"} {
		if strings.Contains(all, path) {
			t.Errorf("%s, of the machine that made it, is in the bundle", path)
		}
	}
	if !strings.Contains(all, "accelword") || !strings.Contains(all, "/lib/modules/"+testRelease) {
		t.Error("what the target says of itself is not in the bundle")
	}
	for part, word := range map[string]string{"config": "configword", "cmdline": "cmdlineword", "system": "systemword", "log": "logword", "checks": "has no parameter wifi_password"} {
		if !strings.Contains(all, word) {
			t.Errorf("%s: %q is not in the whole bundle", part, word)
		}
		if strings.Contains(bytes(part), word) {
			t.Errorf("%q is there without %s", word, part)
		}
	}
	if strings.Contains(bytes("system"), "keyrings") {
		t.Error("what the kernel's keyrings lack is told without system")
	}
}

// TestBundleWithoutConfig: what a bundle has nothing of is not called in order.
func TestBundleWithoutConfig(t *testing.T) {
	r := kernelTree(t, nil)
	s := &situation{t: t, dir: r.Tree().Dir(), conf: t.TempDir(), shows: bundle.Content{Modules: []kernel.Module{}, Log: []string{}}}
	s.config("a.conf", "blacklist nobody\n")
	s.shows.Release = testRelease
	session := ops.New()
	session.SetTarget(themeTarget{bundle.NewTarget("vm:test", &s.shows), s})
	defer session.Close()
	file := filepath.Join(t.TempDir(), "b")
	if _, err := session.Exec(t.Context(), []string{"snapshot", "--without", "config", file}); err != nil {
		t.Fatal(err)
	}
	target, err := bundle.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	session.SetTarget(target)
	for _, line := range [][]string{{"lint"}, {"why", "core"}} {
		res, err := session.Exec(t.Context(), line)
		if err != nil {
			t.Fatal(line, err)
		}
		var out strings.Builder
		if err := ops.Write(&out, res, false, ops.Style{Width: 2000}); err != nil {
			t.Fatal(err)
		}
		if text := out.String(); !strings.Contains(text, "the bundle has no part config: it was left out") || strings.Contains(text, "has its effect") {
			t.Errorf("%s says\n%s", line, text)
		} else if lint := line[0] == "lint"; lint != strings.Contains(text, "not looked at: what is in the module files, of which a bundle has names and sizes") {
			t.Errorf("%s of module files:\n%s", line, text)
		}
	}
}
