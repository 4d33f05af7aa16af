package bundle

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
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
	if facts != "[{version 1.2} {vermagic 6.1.0 SMP} {parameter level=3}]" {
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

// pack makes an archive of names and contents.
func pack(t testing.TB, pairs ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	w := tar.NewWriter(z)
	for i := 0; i+1 < len(pairs); i += 2 {
		h := &tar.Header{Typeflag: tar.TypeReg, Name: pairs[i], Size: int64(len(pairs[i+1])), Mode: 0o644}
		if strings.HasSuffix(pairs[i], "@") {
			h = &tar.Header{Typeflag: tar.TypeSymlink, Name: strings.TrimSuffix(pairs[i], "@"), Linkname: pairs[i+1]}
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			if _, err := w.Write([]byte(pairs[i+1])); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := errors.Join(w.Close(), z.Close()); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const manifest = `{"format":"kmodsh bundle","version":1}`

// hostile are bundles that somebody made to do harm, or by mistake.
func hostile(t testing.TB) map[string][]byte {
	return map[string][]byte{
		"empty":            nil,
		"no gzip":          []byte("hello"),
		"nothing inside":   pack(t),
		"no manifest":      pack(t, "info.json", "{}"),
		"later version":    pack(t, "MANIFEST.json", `{"format":"kmodsh bundle","version":99}`),
		"another format":   pack(t, "MANIFEST.json", `{"format":"zip","version":1}`),
		"out of it":        pack(t, "MANIFEST.json", manifest, "../../etc/passwd", "x"),
		"absolute":         pack(t, "MANIFEST.json", manifest, "/etc/passwd", "x"),
		"link":             pack(t, "MANIFEST.json", manifest, "tree/modules.dep@", "/etc/shadow"),
		"twice":            pack(t, "MANIFEST.json", manifest, "info.json", "{}", "info.json", "{}"),
		"no JSON":          pack(t, "MANIFEST.json", manifest, "states.json", "["),
		"no module":        pack(t, "MANIFEST.json", manifest, "states.json", `[{"name":"../x"}]`),
		"file outside":     pack(t, "MANIFEST.json", manifest, "files.json", `[{"path":"../x"}]`),
		"relative config":  pack(t, "MANIFEST.json", manifest, "config.json", `[{"path":"etc/x"}]`),
		"config not clean": pack(t, "MANIFEST.json", manifest, "config.json", `[{"path":"/etc/../x"}]`),
		"config twice":     pack(t, "MANIFEST.json", manifest, "config.json", `[{"path":"/x"},{"path":"/x"}]`),
		"many":             pack(t, append([]string{"MANIFEST.json", manifest}, manyNames()...)...),
		"cut off":          pack(t, "MANIFEST.json", manifest, "log.json", "[]")[:40],
	}
}

// bomb is small and unpacks to more than may be. It repeats one part, which is
// packed once: the race detector takes long to pack it all.
func bomb(t testing.TB) []byte {
	t.Helper()
	const part = 1 << 20
	packed := func(data []byte) []byte {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(data); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	var head bytes.Buffer
	w := tar.NewWriter(&head)
	for _, h := range []*tar.Header{
		{Typeflag: tar.TypeReg, Name: "MANIFEST.json", Size: int64(len(manifest)), Mode: 0o644},
		{Typeflag: tar.TypeReg, Name: "tree/modules.dep", Size: maxUnpacked / part * part, Mode: 0o644},
	} {
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Name == "MANIFEST.json" {
			if _, err := w.Write([]byte(manifest)); err != nil {
				t.Fatal(err)
			}
		}
	}
	end := make([]byte, 1024) // of the archive
	zeros := packed(make([]byte, part))
	return slices.Concat(packed(head.Bytes()), bytes.Repeat(zeros, maxUnpacked/part), packed(end))
}

func manyNames() (pairs []string) {
	for i := range maxEntries {
		pairs = append(pairs, fmt.Sprintf("later%d", i), "")
	}
	return pairs
}

func TestHostile(t *testing.T) {
	if _, err := Read(bytes.NewReader(bomb(t))); !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "holds more than") {
		t.Errorf("bomb: %v", err)
	}
	for name, b := range hostile(t) {
		if _, err := Read(bytes.NewReader(b)); !errors.Is(err, kernel.ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What a later version adds is passed over.
	if _, err := Read(bytes.NewReader(pack(t, "MANIFEST.json", manifest, "later.json", "?", "tree/deep/x", "y"))); err != nil {
		t.Error(err)
	}
}

// FuzzRead: whatever a bundle holds, what it says can be looked at.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	if _, err := Write(&b, sample()); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	for _, h := range hostile(f) {
		f.Add(h)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(bytes.NewReader(data))
		if err != nil {
			return
		}
		look(t, c)
	})
}

// FuzzContent is FuzzRead behind gzip and tar, which a fuzzer does not get past.
func FuzzContent(f *testing.F) {
	f.Add(`[{"name":"a","state":"live","users":["a"]}]`, `[{"path":"kernel/a.ko"},{"path":"kernel"},{"path":"kernel/a.ko/b"}]`, "kernel/a.ko:\n", `[{"path":"/etc/modprobe.d/a.conf","text":"alias x a\ninstall a \\\n"}]`)
	f.Fuzz(func(t *testing.T, states, files, dep, config string) {
		m := `{"format":"kmodsh bundle","version":1,"config":["/etc/modprobe.d"]}`
		c, err := Read(bytes.NewReader(pack(t, "MANIFEST.json", m, "states.json", states, "files.json", files, "config.json", config, "tree/modules.dep", dep, "tree/modules.alias.bin", dep)))
		if err != nil {
			return
		}
		look(t, c)
	})
}

// look asks everything of a bundle.
func look(t *testing.T, c *Content) {
	target := NewTarget("bundle:x", c)
	defer target.Close()
	if _, err := target.Info(context.Background()); err != nil {
		t.Fatal(err)
	}
	target.Modules(context.Background())
	target.Log(context.Background(), 3)
	tree, err := target.Tree()
	if err != nil {
		return
	}
	err = fs.WalkDir(tree.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !fs.ValidPath(name) {
			t.Errorf("%q in the tree", name)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	config, err := kmod.ReadConfigFrom(tree.ConfigFS, tree.Config, tree.Cmdline)
	if err != nil {
		return
	}
	r := kmod.NewResolver(kmod.NewTree(tree.FS, tree.Dir), config)
	for _, name := range []string{"a", "x", "fs-mine"} {
		r.Explain(name)
		r.Deps(name)
		r.FindWhich(name, "", nil)
	}
	r.Lint()
}
