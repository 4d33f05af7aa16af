package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
)

// sample is a bundle with everything in it.
func sample() *Content {
	taken := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	return &Content{
		Manifest: Manifest{Format: Format, Version: Version, Target: "vm:6.1", Release: "6.1.0", Tree: "/lib/modules/6.1.0", Taken: taken,
			LeftOut: []Part{PartCmdline}, Missing: map[Part]string{PartParams: "nobody knows"}, Config: []string{"/etc/modprobe.d", "/lib/modprobe.d"}},
		Info:     &kernel.Info{Target: "vm:6.1", Release: "6.1.0", Machine: "x86_64"},
		System:   &kernel.System{Machine: "x86_64", Lockdown: "integrity", Keys: []kernel.Key{{Name: "k", ID: "1"}}},
		Modules:  []kernel.Module{{Name: "core", State: trace.Live, Refs: 1, Users: []string{"mine"}}, {Name: "mine", State: trace.Live, Users: []string{}}},
		Params:   map[string]map[string]string{"mine": {"level": "3"}},
		Versions: []ModuleVersion{{Module: "mine", File: "extra/mine.ko", Version: "1.2", Vermagic: "6.1.0 SMP"}},
		Indexes: map[string][]byte{
			"modules.dep":   []byte("extra/mine.ko: kernel/core.ko\nkernel/core.ko:\n"),
			"modules.alias": []byte("# Aliases\nalias fs-mine mine\n"), "modules.builtin": []byte("kernel/inside.ko\n"),
		},
		Files:   []TreeFile{{Path: "extra/mine.ko", Size: 7, Mtime: taken}, {Path: "kernel/core.ko", Size: 9, Mtime: taken}, {Path: "modules.dep", Size: 40, Mtime: taken}},
		Configs: []ConfigFile{{Path: "/etc/modprobe.d/a.conf", Text: "options mine level=3\nblacklist mine\n"}, {Path: "/lib/modprobe.d/a.conf", Text: "install mine /bin/false\n"}},
		Cmdline: "mine.debug=1",
		Log:     []string{"[    1.000000] mine: hello"},
		Checks:  []refusal.FileCheck{{Module: "mine", Of: "mine", File: "extra/mine.ko", Findings: []refusal.Finding{{What: "vermagic", State: refusal.Fits}}}},
	}
}

func TestWriteRead(t *testing.T) {
	var b bytes.Buffer
	items, err := Write(&b, sample())
	if err != nil {
		t.Fatal(err)
	}
	if len(items) != 14 || items[0].Name != "MANIFEST.json" {
		t.Errorf("inside: %v", items)
	}
	got, err := Read(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Errorf("-written +read:\n%s", diff)
	}
}

// TestTarget asks a bundle what a person would ask.
func TestTarget(t *testing.T) {
	target := NewTarget("bundle:x", sample())
	ctx := context.Background()
	for _, op := range []kernel.Op{kernel.OpInfo, kernel.OpModules, kernel.OpTree, kernel.OpLog} {
		if err := target.Can(op); err != nil {
			t.Error(err)
		}
	}
	var no *kernel.UnsupportedError
	if _, err := target.Load(ctx, kernel.LoadRequest{Name: "mine"}); !errors.As(err, &no) {
		t.Errorf("load: %v", err)
	}
	tree, err := target.Tree()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fs.ReadFile(tree.FS, "extra/mine.ko"); !errors.Is(err, errNoContent) {
		t.Error(err)
	}
	if err := fstest.TestFS(tree.ConfigFS, "etc/modprobe.d/a.conf", "lib/modprobe.d/a.conf"); err != nil {
		t.Error(err)
	}
	config, err := kmod.ReadConfigFrom(tree.ConfigFS, tree.Config, tree.Cmdline)
	if err != nil {
		t.Fatal(err)
	}
	r := kmod.NewResolver(kmod.NewTree(tree.FS, tree.Dir), config)
	w, err := r.Explain("fs-mine")
	if err != nil || len(w.Modules) != 1 {
		t.Fatalf("%+v, %v", w, err)
	}
	m := w.Modules[0]
	if !m.Blacklisted || m.BlacklistedBy != "/etc/modprobe.d/a.conf:2" || len(m.Params) != 2 || m.Params[1].Where != "/proc/cmdline" {
		t.Errorf("%+v", m)
	}
	if len(w.Notes) != 1 || !strings.Contains(w.Notes[0], "/lib/modprobe.d/a.conf: not read, shadowed by /etc/modprobe.d/a.conf") {
		t.Errorf("notes: %q", w.Notes)
	}
	if w, err = r.Explain("mine"); err != nil || len(w.Modules[0].Plan) != 2 || w.Modules[0].Fails != "" {
		t.Errorf("%+v, %v", w, err)
	}
	facts := fmt.Sprint(target.ModuleFacts("mine"))
	if facts != "[{version 1.2 false} {vermagic 6.1.0 SMP false} {parameter level=3 false}]" {
		t.Error(facts)
	}
	left := sample()
	left.Modules, left.LeftOut = nil, []Part{PartStates}
	if err := NewTarget("b", left).Can(kernel.OpModules); err == nil || !strings.Contains(err.Error(), "left out") {
		t.Errorf("states: %v", err)
	}
}

func TestAboutModules(t *testing.T) {
	log := []string{
		"[    1.0] Linux version 6.1.0", "[    1.1] usb 1-1: Product: My Private Phone", "[    1.2] e1000e: loading",
		"[    1.3] snd_hda_intel 0000:00:1b.0: no codecs", "[    1.4] module verification failed", "[    1.5] x: Unknown symbol y (err -2)", "no time",
	}
	got := AboutModules(log, []string{"e1000e", "snd_hda_intel"})
	if diff := cmp.Diff([]string{log[2], log[3], log[4], log[5]}, got); diff != "" {
		t.Error(diff)
	}
}

// TestWhich: a bundle's list of files and its own depmod.d answer which file
// depmod took, and a bundle without the list says so.
func TestWhich(t *testing.T) {
	c := sample()
	c.Files = append(c.Files, TreeFile{Path: "updates/mine.ko", Size: 7}, TreeFile{Path: "gone/core.ko.xz", Size: 1})
	c.Configs = append(c.Configs, ConfigFile{Path: "/lib/depmod.d/a.conf", Text: "search never\n"},
		ConfigFile{Path: "/etc/depmod.d/a.conf", Text: "search extra updates built-in\nexternal * /opt/ko\nexclude gone\n"})
	which := func(name string) *kmod.Which {
		t.Helper()
		tree, err := NewTarget("bundle:x", c).Tree()
		if err != nil {
			t.Fatal(err)
		}
		w, err := kmod.NewResolver(kmod.NewTree(tree.FS, tree.Dir), nil).FindWhich(name, tree.Release, kmod.DefaultDepmodConfig(), tree.ConfigFS)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	want := &kmod.Which{
		Name: "mine", Indexed: "extra/mine.ko", Rule: "extra/mine.ko goes before it: extra, number 1 of the search order at /etc/depmod.d/a.conf:1",
		Candidates: []kmod.Candidate{
			{File: "extra/mine.ko", Place: "extra, number 1 of the search order at /etc/depmod.d/a.conf:1", Chosen: true},
			{File: "updates/mine.ko", Place: "updates, number 2 of the search order at /etc/depmod.d/a.conf:1", Against: "extra/mine.ko goes before it: extra, number 1 of the search order at /etc/depmod.d/a.conf:1"},
		},
		Notes: []string{"not looked at: the external directory /opt/ko"},
	}
	if diff := cmp.Diff(want, which("mine")); diff != "" {
		t.Error(diff)
	}
	if w := which("core"); len(w.Candidates) != 1 {
		t.Errorf("a directory that is left out: %+v", w)
	}
	c.Files = nil
	tree, _ := NewTarget("bundle:x", c).Tree()
	if _, err := kmod.NewResolver(kmod.NewTree(tree.FS, tree.Dir), nil).FindWhich("mine", "", nil, tree.ConfigFS); err == nil || !strings.Contains(err.Error(), "no list of its module files") {
		t.Errorf("without the list: %v", err)
	}
}
