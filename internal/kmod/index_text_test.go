package kmod

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"example.org/kmodsh/internal/kernel"
)

func TestTextIndexDamaged(t *testing.T) {
	for _, tt := range []struct{ file, data, where string }{
		{"modules.dep", "kernel/a.ko:\nrubbish\n", "T/modules.dep:2"},
		{"modules.dep", "a\x00b.ko:\n", "T/modules.dep:1"},
		{"modules.dep", ":\n", "T/modules.dep:1"},
		{"modules.alias", "# c\nalias x\n", "T/modules.alias:2"},
		{"modules.alias", "alias \xff y\n", "T/modules.alias:1"},
		{"modules.builtin", "kernel/.ko\n", "T/modules.builtin:1"},
		{"modules.builtin.modinfo", "a.alias=b", "T/modules.builtin.modinfo"},
		{"modules.builtin.modinfo", "rubbish\x00", "T/modules.builtin.modinfo"},
		{"modules.softdep", "alias a b\n", "T/modules.softdep:1"},
		{"modules.softdep", "softdep\n", "T/modules.softdep:1"},
		{"modules.dep.bin", "short", "T/modules.dep.bin"},
	} {
		r := NewResolver(NewTree(fstest.MapFS{tt.file: {Data: []byte(tt.data)}}, "T"), nil)
		_, err := r.Resolve("x")
		if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), tt.where) {
			t.Errorf("%s %q: %v, want an error that wraps ErrDamaged and names %s", tt.file, tt.data, err, tt.where)
		}
	}
}

// TestDamagedBinaryIsNotPassedOver: a sound text index next to a damaged
// binary one must not hide the damage.
func TestDamagedBinaryIsNotPassedOver(t *testing.T) {
	files := smallTree(t, false)
	files["modules.dep.bin"] = &fstest.MapFile{Data: []byte{}}
	if _, err := NewResolver(NewTree(files, "T"), nil).Resolve("ext4"); !errors.Is(err, kernel.ErrDamaged) {
		t.Errorf("got %v, want ErrDamaged", err)
	}
}

func FuzzTextIndex(f *testing.F) {
	for _, kind := range []indexKind{indexDep, indexAlias, indexBuiltin, indexBuiltinAlias} {
		f.Add(string(kind), []byte("kernel/a-b.ko: kernel/c.ko\n"))
		f.Add(string(kind), []byte("alias a* b\nalias a[b c\n"))
		f.Add(string(kind), []byte("a.alias=b-*\x00c.license=GPL\x00"))
	}
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		image, err := textIndexImage(indexKind(kind), b, "F")
		if err != nil {
			if !errors.Is(err, kernel.ErrDamaged) {
				t.Errorf("%v does not wrap ErrDamaged", err)
			}
			return
		}
		x, err := openImage(image)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		err = x.walk("", func(key, _ string) bool {
			keys = append(keys, key)
			return true
		})
		if err != nil {
			t.Error(err)
		}
		for _, key := range keys {
			if _, ok, err := x.first(key); !ok || err != nil {
				t.Errorf("%q was walked over and is not found: %v", key, err)
			}
		}
	})
}
