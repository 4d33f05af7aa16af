package applet

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEachSubsetOfIndexes takes subsets of the index files, binary and text:
// none, all, each alone and each of the binary ones missing, so that every two
// kinds are there in each of the four ways; and each as text among the binary
// ones. KMODSH_LONG=1 takes every subset. What a lookup says hangs on which
// indexes there are in either form, and on nothing else; and what kmod says of
// the binary ones alone is the same.
func TestEachSubsetOfIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("starts some hundred processes")
	}
	library := fakeLibrary(t)
	others := peers(t)
	if library == "" || !namespaces() {
		t.Log("kmod's tools cannot be kept off this machine's kernel (gcc, unshare): only our own answers are held")
		others = nil
	}
	const tree = "testdata/kmod/config.txtar"
	ours := newBox(t, tree, peer{}, "")
	var theirs []*box
	for _, p := range others {
		theirs = append(theirs, newBox(t, tree, p, library))
	}
	const prepare = "depmod -C /nowhere -b $ROOT 1.0; mv lib/modules/1.0 full; mkdir lib/modules/1.0; cp -r full/kernel lib/modules/1.0/"
	for _, b := range append(theirs, ours) {
		if got := b.run(prepare); got != "" {
			t.Fatal(got)
		}
	}
	kinds := []struct{ bin, text string }{
		{"dep.bin", "dep"}, {"alias.bin", "alias"}, {"symbols.bin", "symbols"}, {"builtin.bin", "builtin"}, {"builtin.alias.bin", "builtin.modinfo"},
		{"softdep", "softdep"},
	}
	// ask is the line that asks of a tree with some of the files. The first
	// digit base 3 of which belongs to the first kind: 0 none, 1 binary, 2 text.
	ask := func(which int) string {
		var files []string
		for i, n := 0, which; i < len(kinds); i, n = i+1, n/3 {
			switch n % 3 {
			case 1:
				files = append(files, kinds[i].bin)
			case 2:
				files = append(files, kinds[i].text)
			}
		}
		return fmt.Sprintf("rm -f lib/modules/1.0/modules.*; for f in %s; do cp full/modules.$f lib/modules/1.0/; done; ", strings.Join(files, " ")) +
			"modprobe -d $ROOT -S 1.0 -C /nowhere -aR b usb:v0001p0002 symbol:a core core-alias; modprobe -d $ROOT -S 1.0 -C /nowhere -aD b usb:v0001p0002 symbol:a core core-alias; modinfo -b $ROOT -k 1.0 -n b core"
	}
	all := 1
	for range kinds {
		all *= 3
	}
	binary := map[int]string{} // our answers, by the subset with every text in its binary form
	compared := 0
	for which := range all {
		twin, same := 0, true
		var forms [3]int // how many kinds are absent, binary and text
		for i, n, place := 0, which, 1; i < len(kinds); i, n, place = i+1, n/3, place*3 {
			if n%3 != 0 {
				twin += place
			}
			same = same && n%3 != 2
			forms[n%3]++
		}
		if i := len(kinds) - 1; which/(all/3) == 2 && kinds[i].bin == kinds[i].text {
			continue // modules.softdep has one form only
		}
		few := same && min(forms[0], forms[1]) <= 1 || !same && forms[0] == 0 && (forms[2] == 1 || forms[2] == len(kinds)-1)
		if !few && os.Getenv("KMODSH_LONG") == "" {
			continue
		}
		if _, there := binary[twin]; !there {
			binary[twin] = ours.run(ask(twin))
		}
		if same {
			compared++
			for _, b := range theirs {
				if want := b.run(ask(which)); want != binary[twin] {
					t.Errorf("%s\n-kmod %s +ours:\n%s", ask(which), b.peer.version, cmp.Diff(want, binary[twin]))
				}
			}
			continue
		}
		if got := ours.run(ask(which)); got != binary[twin] {
			t.Errorf("%s\n-binary +text:\n%s", ask(which), cmp.Diff(binary[twin], got))
		}
	}
	t.Logf("%d subsets, %d beside %d of kmod", len(binary), compared, len(theirs))
}
