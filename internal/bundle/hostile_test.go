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

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

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
		r.FindWhich(name, "", kmod.DefaultDepmodConfig(), tree.ConfigFS)
	}
	r.Lint()
}
