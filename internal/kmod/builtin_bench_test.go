package kmod

import (
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
)

// builtinTree is a tree of which n modules are built in, and some of their
// names.
func builtinTree(t testing.TB, n int) (r *Resolver, names, asked []string) {
	t.Helper()
	var w indexWriter
	for i := range n {
		name := fmt.Sprintf("%s_%07d", [...]string{"snd", "usb", "net", "ext4", "crypto"}[i%5], i)
		names = append(names, name)
		w.add(name, "", 0)
	}
	for i := range 256 {
		name := names[i*7919%n]
		if i%2 == 1 {
			name += "x" // not built in
		}
		asked = append(asked, name)
	}
	image, err := w.encode()
	if err != nil {
		t.Fatal(err)
	}
	tree := NewTree(fstest.MapFS{"modules.builtin.bin": &fstest.MapFile{Data: image}}, "tree")
	t.Cleanup(func() { tree.Close() })
	return NewResolver(tree, nil), names, asked
}

// TestBuiltinMany asks so often that the answers come from the set, and before.
func TestBuiltinMany(t *testing.T) {
	for _, n := range []int{1, 100, 20000} {
		r, _, asked := builtinTree(t, n)
		for round := range 400 {
			for _, name := range asked[:8] {
				yes, err := r.Builtin(name)
				if want := !strings.HasSuffix(name, "x"); yes != want || err != nil {
					t.Fatalf("%d names, round %d: %s: %v, %v", n, round, name, yes, err)
				}
			}
		}
		if r.inImage.set.Load() == nil {
			t.Errorf("%d names: no set after %d questions", n, r.inImage.asked.Load())
		}
	}
}

// BenchmarkBuiltin asks whether a module is built in, among 10^2 to 10^6: by the
// resolver as it answers many questions (set), down the index as it answers the
// first (trie walk), and by looking at one name after the other (linear scan).
func BenchmarkBuiltin(b *testing.B) {
	for n := 100; n <= 1_000_000; n *= 10 {
		r, names, asked := builtinTree(b, n)
		ix, err := r.tree.index(indexBuiltin)
		if err != nil {
			b.Fatal(err)
		}
		run := func(how string, ask func(name string) bool) {
			b.Run(fmt.Sprintf("%s/%d", how, n), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				for b.Loop() {
					name := asked[i&255]
					i++
					if ask(name) != (name[len(name)-1] != 'x') {
						b.Fatal(name)
					}
				}
			})
		}
		r.inImage.fill(r.tree)
		run("set", func(name string) bool { yes, err := r.Builtin(name); return yes && err == nil })
		run("trie-walk", func(name string) bool { _, yes, err := ix.reader.first(name); return yes && err == nil })
		run("linear-scan", func(name string) bool {
			for _, have := range names {
				if have == name {
					return true
				}
			}
			return false
		})
	}
}
