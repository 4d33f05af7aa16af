package kmod

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// cachedRun runs depmod with a cache, as if an hour had passed since all files
// were written, and holds the indexes against a run without.
func cachedRun(t *testing.T, dir, cache string, opt DepmodOptions) DepmodStats {
	t.Helper()
	opt.Dir, opt.Cache, opt.Now = dir, cache, time.Now().Add(time.Hour).UnixNano()
	warned := false
	tell := opt.Warn
	opt.Warn = func(s string) {
		warned = true
		if tell != nil {
			tell(s)
		}
	}
	stats, err := Depmod(t.Context(), opt)
	if err != nil {
		t.Fatal(err)
	}
	if name, err := cacheFile(cache, dir); err == nil && !warned {
		c := depmodCache{file: name}
		if _, err := os.Stat(c.stateFile()); err != nil {
			t.Errorf("without a warning, and nothing remembered: %v", err)
		}
	}
	plain := t.TempDir()
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Out: plain}); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(plain)
	if err != nil || len(entries) < 10 {
		t.Fatalf("%d index files, %v", len(entries), err)
	}
	for _, e := range entries {
		want, err := os.ReadFile(filepath.Join(plain, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(dir, e.Name())); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs from that of a run without cache (%v)", e.Name(), err)
		}
	}
	return stats
}

// builtTree is a tree of so many modules with all files of a kernel's build, and
// nothing in it to warn about: else depmod makes its indexes every time.
func builtTree(t *testing.T, n int) (dir string, modules map[string]tinyModule) {
	t.Helper()
	modules, files := generatedTree(n)
	files["modules.builtin.modinfo"] = strings.ReplaceAll(files["modules.builtin.modinfo"], "bad]", "good")
	for _, name := range buildFiles {
		if _, ok := files[name]; !ok {
			files[name] = ""
		}
	}
	return tinyTree(t, modules, files), modules
}

// TestDepmodCache changes a tree in every way and looks that the indexes are
// those of a run that reads everything.
func TestDepmodCache(t *testing.T) {
	dir, modules := builtTree(t, 60)
	cache := filepath.Join(t.TempDir(), "cache")
	names := slices.Sorted(maps.Keys(modules))
	n := len(names)
	one := filepath.Join(dir, names[3])
	write := func(file string, m tinyModule) {
		t.Helper()
		if err := os.WriteFile(file, m.image(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	step := func(what string, cached int, change func()) {
		t.Helper()
		change()
		if stats := cachedRun(t, dir, cache, DepmodOptions{}); stats.Cached != cached {
			t.Errorf("%s: %d modules were not read, want %d", what, stats.Cached, cached)
		}
	}
	first := filepath.Join(dir, names[0])
	step("the first run", 0, func() {})
	step("nothing changed", n, func() {})
	step("one changed", n-1, func() { write(one, tinyModule{info: []string{"alias=quite-new"}}) })
	step("nothing changed after it", n, func() {})
	step("the same size and time, other content", n-1, func() {
		st, err := os.Stat(one)
		if err != nil {
			t.Fatal(err)
		}
		write(one, tinyModule{info: []string{"alias=quite-old"}})
		if err := os.Chtimes(one, st.ModTime(), st.ModTime()); err != nil {
			t.Fatal(err)
		}
	})
	step("one more", n, func() { write(filepath.Join(dir, "kernel/added.ko"), tinyModule{info: []string{"alias=added"}}) })
	step("one gone", n, func() { os.Remove(filepath.Join(dir, "kernel/added.ko")) })
	step("two exchanged", n-2, func() {
		for _, mv := range [][2]string{{one, one + ".x"}, {first, one}, {one + ".x", first}} {
			if err := os.Rename(mv[0], mv[1]); err != nil {
				t.Fatal(err)
			}
		}
	})
	step("another order", n, func() { writeTreeFile(t, dir, "modules.order", []byte(names[5]+"\n"+names[2]+"\n")) })
	step("more built in", n, func() { writeTreeFile(t, dir, "modules.builtin", []byte("kernel/inside.ko\n")) })
	step("an index lost", n, func() { os.Remove(filepath.Join(dir, "modules.alias")) })
	step("an index damaged", n, func() { writeTreeFile(t, dir, "modules.alias.bin", []byte("x")) })
	step("one damaged", n-1, func() { writeTreeFile(t, dir, names[7], []byte("no module")) })
	step("still damaged", n-1, func() {})
}

// TestDepmodCacheDistrust: what somebody else may have written is not taken, nor
// what is not whole.
func TestDepmodCacheDistrust(t *testing.T) {
	modules, files := generatedTree(20)
	dir := tinyTree(t, modules, files)
	for name, spoil := range map[string]func(file string){
		"writable by the group": func(file string) { os.Chmod(file, 0o660) },
		"directory writable":    func(file string) { os.Chmod(filepath.Dir(file), 0o777) },
		"a link": func(file string) {
			os.Rename(file, file+".real")
			os.Symlink(file+".real", file)
		},
		"cut off": func(file string) { os.Truncate(file, 100) },
		"a bit": func(file string) {
			b, _ := os.ReadFile(file)
			b[len(b)/2] ^= 1
			os.WriteFile(file, b, 0o600)
		},
		"empty": func(file string) { os.WriteFile(file, nil, 0o600) },
		"a directory": func(file string) {
			os.Remove(file)
			os.Mkdir(file, 0o700)
		},
	} {
		cache := filepath.Join(t.TempDir(), "cache")
		cachedRun(t, dir, cache, DepmodOptions{})
		if stats := cachedRun(t, dir, cache, DepmodOptions{}); stats.Cached != len(modules) {
			t.Fatalf("%d of %d were not read", stats.Cached, len(modules))
		}
		file, err := cacheFile(cache, dir)
		if err != nil {
			t.Fatal(err)
		}
		spoil(file)
		if stats := cachedRun(t, dir, cache, DepmodOptions{}); stats.Cached != 0 {
			t.Errorf("%s: taken", name)
		}
	}
	// What has just changed may change once more within the same tick.
	cache := filepath.Join(t.TempDir(), "cache")
	for range 2 {
		stats, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Cache: cache, Now: 1})
		if err != nil || stats.Cached != 0 {
			t.Errorf("files that have just changed: %+v, %v", stats, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(cache, ".new-*")); left != nil {
		t.Errorf("left behind: %v", left)
	}
}

// TestDepmodCacheSilent: a run that has nothing to make says what the first
// said.
func TestDepmodCacheSilent(t *testing.T) {
	modules, files := generatedTree(5)
	files["modules.order"], files["modules.builtin"], files["modules.builtin.modinfo"] = "", "", ""
	modules["kernel/bad.ko"] = tinyModule{info: []string{"alias=a\x01b"}}
	dir, cache := tinyTree(t, modules, files), filepath.Join(t.TempDir(), "cache")
	var said [3]string
	for i := range said {
		cachedRun(t, dir, cache, DepmodOptions{Warn: func(s string) { said[i] += s + "\n" }})
	}
	if !strings.Contains(said[0], "not printable") || said[0] != said[1] || said[1] != said[2] {
		t.Errorf("%q", said)
	}
}

// TestDepmodCacheNonsense: facts of one module that make no sense, in a cache that
// is whole, are read from the module, and are right in the next cache.
func TestDepmodCacheNonsense(t *testing.T) {
	dir, modules := builtTree(t, 20)
	cache := filepath.Join(t.TempDir(), "cache")
	cachedRun(t, dir, cache, DepmodOptions{})
	file, err := cacheFile(cache, dir)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	facts, _, err := parseCache(b, 0)
	if err != nil {
		t.Fatal(err)
	}
	packed := facts[filepath.Join(dir, slices.Sorted(maps.Keys(modules))[4])].packed
	packed[0] = 0x7f // more symbols than there are bytes
	body := b[:len(b)-8]
	if err := os.WriteFile(file, binary.LittleEndian.AppendUint64(body, cacheSum(body)), 0o600); err != nil {
		t.Fatal(err)
	}
	os.Remove(filepath.Join(dir, "modules.dep")) // so that there is something to make
	for _, cached := range []int{len(modules) - 1, 0, len(modules)} {
		if stats := cachedRun(t, dir, cache, DepmodOptions{}); stats.Cached != cached {
			t.Errorf("%d modules were not read, want %d", stats.Cached, cached)
		}
		os.Remove(filepath.Join(dir, "modules.dep"))
	}
}

func FuzzDepmodCache(f *testing.F) {
	w := &symbolTable{names: []string{"printk", "x"}}
	c := depmodCache{symbols: w}
	mods := []*depmodModule{{path: "/a/b.ko", rel: "b.ko", key: fileKey{1, 2, 3, 4, 5}, facts: depmodFacts{symbols: w, exports: []uint32{1}, imports: []uint32{0, 1}, aliases: []string{"p"}}}}
	whole := c.format(mods, math.MaxInt64)
	f.Add(whole[:len(whole)-8])
	f.Add([]byte(cacheMagic + "\x00\x00\x01"))
	f.Fuzz(func(t *testing.T, body []byte) {
		b := binary.LittleEndian.AppendUint64(body, cacheSum(body))
		facts, w, err := parseCache(b, 0)
		if err != nil {
			return
		}
		for _, f := range facts {
			facts := depmodFacts{symbols: w, packed: f.packed}
			if facts.unpack() != nil {
				continue
			}
			for _, ids := range [][]uint32{facts.exports, facts.imports, facts.weak} {
				for _, id := range ids {
					if int(id) >= len(w.names) {
						t.Fatalf("symbol %d of %d", id, len(w.names))
					}
				}
			}
		}
	})
}

// TestDepmodCacheUnsettled: a file that has only just been written may be written
// once more with the same times, so it is read each time; as long as it has the
// facts it had, the indexes are left as they are.
func TestDepmodCacheUnsettled(t *testing.T) {
	dir, modules := builtTree(t, 20)
	cache := filepath.Join(t.TempDir(), "cache")
	n := len(modules)
	cachedRun(t, dir, cache, DepmodOptions{})
	index := func() os.FileInfo {
		st, err := os.Stat(filepath.Join(dir, "modules.dep.bin"))
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	first := index()
	one := filepath.Join(dir, slices.Sorted(maps.Keys(modules))[3])
	later := time.Now().Add(2 * time.Hour) // not before the run
	if err := os.Chtimes(one, later, later); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if stats := cachedRun(t, dir, cache, DepmodOptions{}); stats.Cached != n-1 {
			t.Errorf("%d modules were not read, want %d", stats.Cached, n-1)
		}
		if !os.SameFile(first, index()) {
			t.Fatal("the indexes were written anew, and nothing is new")
		}
		// Facts of all modules are what lets the next run leave the indexes alone.
		if kept := openCache(cache, dir, 0).facts; len(kept) != n || kept[one].key != (fileKey{}) {
			t.Fatalf("facts of %d modules are kept, want %d; those of the new file for %+v", len(kept), n, kept[one].key)
		}
	}
	if err := os.WriteFile(one, tinyModule{info: []string{"alias=quite-new"}}.image(), 0o644); err != nil {
		t.Fatal(err)
	}
	cachedRun(t, dir, cache, DepmodOptions{})
	if os.SameFile(first, index()) {
		t.Error("the indexes were not written, and an alias is new")
	}
}
