package kmod

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// TestLint has one line of each kind of finding, and one of each kind without.
func TestLint(t *testing.T) {
	conf, c := readConfigs(t, `-- a.conf --
blacklist crc16
blacklist crc16
blacklist loop
blacklist no-such
blacklist old
install snd echo one
install snd echo two
install ext4 echo ignored
alias snd old
alias fine old
alias nowhere-to not-there
options old x=1
options nobody x=1
softdep ext4 pre: crc16
softdep old pre: not-there
softdep new  post: old
softdep new post: old
nonsense
-- b.d/readme --
`, "")
	tree := NewTree(smallTree(t, true), "T")
	got, err := NewResolver(tree, c).Lint()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		":18 ignored: \"nonsense\"",
		":16 softdep new names no module",
		":1 does not keep it out: broken needs it",
		":2 says again what",
		":3 no effect: the module is built in",
		":4 no module of this tree is called no_such",
		":7 no effect: only the first install line",
		":8 no effect: install lines are ignored for a module with soft dependencies",
		":9 hides the module snd",
		":11 leads to not_there, which is no module",
		":13 no module or alias of this tree is called nobody",
		":14 takes the place of what the module itself wants, T/modules.softdep:",
		":15 not-there stands for nothing",
		":17 no effect: only the first softdep line",
	}
	var lines []string
	for i, f := range got {
		s := strings.TrimPrefix(f.Where, conf+"/a.conf") + " " + f.What
		if i < len(want) && strings.HasPrefix(s, want[i]) {
			s = want[i]
		}
		lines = append(lines, s)
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Error(diff)
	}
	clean, err := NewResolver(tree, nil).Lint()
	if err != nil || len(clean) > 0 {
		t.Errorf("nothing configured: %v, %v", clean, err)
	}
}

// TestLintUsual: a machine that has only some of the usual directories, and a
// command line with words for code that is no module, has nothing wrong.
func TestLintUsual(t *testing.T) {
	files := fstest.MapFS{"etc/modprobe.d/a.conf": {Data: []byte("options snd x=1\n")}}
	var paths []string
	for _, p := range DefaultConfigPaths() {
		paths = append(paths, strings.TrimPrefix(p, "/"))
	}
	c, err := ReadConfigFrom(files, paths, "quiet random.trust_cpu=1 printk.time=1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := NewResolver(NewTree(smallTree(t, true), "T"), c).Lint()
	lines := len(slices.Collect(c.Lines()))
	if err != nil || len(got) > 0 || lines != 3 {
		t.Errorf("%v, %v with %d lines", got, err, lines)
	}
}
