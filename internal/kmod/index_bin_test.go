package kmod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// indexImage encodes entries in the order given.
func indexImage(t testing.TB, entries ...indexEntry) []byte {
	t.Helper()
	var w indexWriter
	for _, e := range entries {
		if !w.add(e.key, e.value, e.priority) {
			t.Fatalf("%q cannot be in an index", e.key)
		}
	}
	b, err := w.encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func openImage(b []byte) (*binIndex, error) {
	return newBinIndex(bytes.NewReader(b), int64(len(b)), "index.bin")
}

func matchText(x *binIndex, key string) (string, error) {
	found, err := x.match(key)
	var out []string
	for _, m := range found {
		out = append(out, m.key+"="+m.value)
	}
	return strings.Join(out, " "), err
}

func TestBinIndexMatch(t *testing.T) {
	x, err := openImage(indexImage(t,
		indexEntry{key: "a*", value: "star", priority: 5}, indexEntry{key: "abc", value: "late", priority: 9},
		indexEntry{key: "abc", value: "early", priority: 1}, indexEntry{key: "a?c", value: "mark", priority: 5},
		indexEntry{key: "a[b-d]c", value: "set", priority: 5}, indexEntry{key: "*", value: "all", priority: 7},
		indexEntry{key: "abcd", value: "long", priority: 0}, indexEntry{key: "ab", value: "short", priority: 0},
	))
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{
		// By priority; of equals the one that the search meets last.
		"abc":  "abc=early a[b-d]c=set a?c=mark a*=star *=all abc=late",
		"axc":  "a?c=mark a*=star *=all",
		"ab":   "ab=short a*=star *=all",
		"abcd": "abcd=long a*=star *=all",
		"q":    "*=all",
		"":     "*=all",
	} {
		got, err := matchText(x, key)
		if err != nil || got != want {
			t.Errorf("match(%q) = %q, %v; want %q", key, got, err, want)
		}
	}
	if v, ok, err := x.first("abc"); v != "early" || !ok || err != nil {
		t.Errorf("first(abc) = %q, %v, %v", v, ok, err)
	}
	if v, ok, err := x.first("a"); ok || err != nil {
		t.Errorf("first(a) = %q, %v, %v", v, ok, err)
	}
	var keys []string
	err = x.walk("ab", func(key, _ string) bool {
		keys = append(keys, key)
		return key != "abc"
	})
	if diff := cmp.Diff([]string{"ab", "abc"}, keys); diff != "" || err != nil {
		t.Errorf("walk: %v %s", err, diff)
	}
}

func TestBinIndexEmpty(t *testing.T) {
	x, err := openImage(indexImage(t))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := matchText(x, "a"); got != "" || err != nil {
		t.Errorf("match: %q, %v", got, err)
	}
	if _, ok, err := x.first("a"); ok || err != nil {
		t.Errorf("first: %v, %v", ok, err)
	}
	if err := x.walk("", func(string, string) bool { return true }); err != nil {
		t.Error(err)
	}
}

// countingReader counts the bytes that are read.
type countingReader struct {
	*bytes.Reader
	n int
}

func (r *countingReader) ReadAt(p []byte, off int64) (int, error) {
	r.n += len(p)
	return r.Reader.ReadAt(p, off)
}

func TestBinIndexReadsLittle(t *testing.T) {
	var entries []indexEntry
	for i := range 50000 {
		entries = append(entries, indexEntry{key: fmt.Sprintf("pci:v%08Xd*", i*7919), value: fmt.Sprint("module_", i)})
	}
	image := indexImage(t, entries...)
	r := &countingReader{Reader: bytes.NewReader(image)}
	x, err := newBinIndex(r, int64(len(image)), "index.bin")
	if err != nil {
		t.Fatal(err)
	}
	got, err := matchText(x, fmt.Sprintf("pci:v%08Xd0001", 49999*7919))
	if err != nil || !strings.HasSuffix(got, "=module_49999") {
		t.Fatalf("%q, %v", got, err)
	}
	if limit := 20 * binPageSize; r.n > limit {
		t.Errorf("one lookup read %d of %d bytes, more than %d", r.n, len(image), limit)
	}
}

func TestBinIndexDamaged(t *testing.T) {
	good := indexImage(t, indexEntry{key: "abc*", value: "one"}, indexEntry{key: "abd", value: "two"}, indexEntry{key: "*x", value: "three"})
	head := func(root uint32, body ...byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, indexMagic)
		b = binary.BigEndian.AppendUint32(b, indexVersion)
		return append(binary.BigEndian.AppendUint32(b, root), body...)
	}
	loop := byte(12) // the node at 12 has itself as its child
	tests := map[string][]byte{
		"empty":        {},
		"header":       good[:11],
		"magic":        append([]byte{1}, good[1:]...),
		"version":      append(slices.Clone(good[:4]), append([]byte{0, 3}, good[6:]...)...),
		"no root":      head(0),
		"root outside": head(indexHasValues | 0x0fffff0),
		"star loop":    head(indexHasChildren|12, '*', '*', 0x20, 0, 0, loop),
		"range":        head(indexHasChildren|12, 'z', 'a', 0, 0, 0, 0),
		"wide range":   head(indexHasChildren|12, 0, 0xff),
		"count":        head(indexHasValues|12, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0),
		"no end":       head(indexHasPrefix|12, 'a', 'b', 'c'),
		// Two children of each node, * and ?, are the same next node: 2 to the
		// power of the depth ways to go, of which a key of three characters
		// leaves some ten millions.
		"shared": func() []byte {
			b := head(indexHasChildren | 12)
			const size = 2 + 4*('?'-'*'+1)
			for i := range 400 {
				next := binary.BigEndian.AppendUint32(nil, uint32(indexHasChildren|12+size*(i+1)))
				b = append(b, '*', '?')
				b = append(b, next...)
				b = append(b, make([]byte, size-10)...)
				b = append(b, next...)
			}
			return append(b, '*', '*', 0, 0, 0, 0)
		}(),
	}
	for name, b := range tests {
		t.Run(name, func(t *testing.T) {
			x, err := openImage(b)
			for _, key := range []string{"abc", ""} {
				if err == nil {
					_, err = x.match(key)
				}
			}
			if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "index.bin") {
				t.Errorf("got %v, want an error that wraps ErrDamaged and names the file", err)
			}
		})
	}
	for n := range good {
		x, err := openImage(good[:n])
		if err != nil {
			continue
		}
		got, err := matchText(x, "abc")
		if err == nil {
			t.Errorf("cut to %d bytes: %q and no error", n, got)
		}
	}
}

func FuzzBinIndex(f *testing.F) {
	f.Add(indexImage(f, indexEntry{key: "abc*", value: "one"}, indexEntry{key: "abd", value: "two"}, indexEntry{key: "*x", value: "three"}), "abcx")
	f.Add(indexImage(f), "a")
	f.Fuzz(func(t *testing.T, b []byte, key string) {
		x, err := openImage(b)
		if err != nil {
			if !errors.Is(err, kernel.ErrDamaged) {
				t.Errorf("%v does not wrap ErrDamaged", err)
			}
			return
		}
		_, _, err1 := x.first(key)
		_, err2 := x.match(key)
		err3 := x.walk(key, func(string, string) bool { return true })
		for _, err := range []error{err1, err2, err3} {
			if err != nil && !errors.Is(err, kernel.ErrDamaged) {
				t.Errorf("%v does not wrap ErrDamaged", err)
			}
		}
	})
}

// TestBinIndexWhole asks an index so much that it is read as a whole: the answers
// stay what they are page by page.
func TestBinIndexWhole(t *testing.T) {
	var entries []indexEntry
	for i := range 20000 {
		e := indexEntry{value: fmt.Sprintf("module%d", i), priority: uint32(i)}
		switch i % 4 {
		case 0:
			e.key = fmt.Sprintf("pci:v%08d*", i)
		case 1:
			e.key = fmt.Sprintf("of:N*T*Cvendor,part%d", i)
		case 2:
			e.key = fmt.Sprintf("usb:v%04dp[0-%d]*d?", i, i%10)
		default:
			e.key = fmt.Sprintf("name_%d", i)
		}
		entries = append(entries, e)
	}
	image := indexImage(t, entries...)
	asked, err := openImage(image)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3000 {
		k := (i * 7919) % 20000
		for _, key := range []string{
			fmt.Sprintf("pci:v%08dd1", k), fmt.Sprintf("of:NxTyCvendor,part%d", k), fmt.Sprintf("usb:v%04dp3d7", k), fmt.Sprintf("name_%d", k), "nothing",
		} {
			fresh, err := openImage(image)
			if err != nil {
				t.Fatal(err)
			}
			want, err1 := matchText(fresh, key)
			got, err2 := matchText(asked, key)
			if err1 != nil || err2 != nil || got != want {
				t.Fatalf("%s: %q, %v; page by page %q, %v", key, got, err2, want, err1)
			}
		}
	}
	if asked.whole == nil {
		t.Error("it was not read as a whole")
	}
}
