package kmod

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
)

// TestExplain builds the situations people ask about, and holds what is said of
// each line.
func TestExplain(t *testing.T) {
	dir := t.TempDir()
	putFiles(t, dir, smallTree(t, true))
	putFiles(t, dir, smallTree(t, false))
	conf, c := readConfigs(t, `-- a.conf --
blacklist crc16
install crc16 echo first
install crc16 echo second
blacklist snd
install snd /bin/false
softdep snd pre: crc16
softdep snd post: nothing
options crc16 a=1 b="x y"
options crc16 a=2
weakdep crc16 fuse
alias old-name crc16
remove crc16 echo bye
`, "")
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	r := NewResolver(tree, c)
	for name, want := range map[string][]string{
		"crc16": {
			"! 1 blacklist crc16: no effect on this way",
			"  2 install crc16 echo first: its command runs",
			"! 3 install crc16 echo second: no effect: the first install line",
			"  12 remove crc16 echo bye: its command runs",
			"! 10 weakdep crc16 fuse: no effect on loading",
			"  8 options crc16 a=1 b=\"x y\": its parameters are added",
			"  9 options crc16 a=2: its parameters are added",
			"a=1 overridden", "b=\"x y\"", "a=2",
			"install echo first a=1 b=\"x y\" a=2 ",
		},
		"old-name": {
			"  11 alias old_name crc16: leads here",
			"  1 blacklist crc16: passes the module over",
			"  2 install crc16 echo first: its command runs",
			"! 3 install crc16 echo second: no effect: the first install line",
			"  12 remove crc16 echo bye: its command runs",
			"! 10 weakdep crc16 fuse: no effect on loading",
			"  8 options crc16 a=1 b=\"x y\": its parameters are added",
			"  9 options crc16 a=2: its parameters are added",
			"a=1 overridden", "b=\"x y\"", "a=2",
		},
		"snd": {
			"! 4 blacklist snd: no effect on this way",
			"  6 softdep snd pre: crc16: brings in",
			"! 7 softdep snd post: nothing: no effect: only the first softdep line",
			"! 5 install snd /bin/false: no effect: install lines are ignored for a module with soft dependencies",
			"insmod " + dir + "/kernel/sound/soundcore.ko ",
			"install echo first a=1 b=\"x y\" a=2 ",
			"insmod " + dir + "/kernel/sound/core/snd.ko ",
		},
		"nothing-at-all": nil,
	} {
		w, err := r.Explain(name)
		if (want == nil) != errors.Is(err, kernel.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
		var got []string
		for _, m := range w.Modules {
			for _, l := range m.Lines {
				mark := "! "
				if l.Counts {
					mark = "  "
				}
				got = append(got, mark+strings.TrimPrefix(l.Where, conf+"/a.conf:")+" "+l.Text+": "+l.Effect)
			}
			for _, p := range m.Params {
				s := p.Param
				if p.Overridden {
					s += " overridden"
				}
				got = append(got, s)
			}
			for _, s := range m.Plan {
				got = append(got, s.Line)
			}
		}
		for i := range min(len(got), len(want)) {
			if strings.HasPrefix(got[i], want[i]) {
				got[i] = want[i]
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// TestDirectoryOfTrees: who names the directory above a tree is told of the
// tree, not to run depmod.
func TestDirectoryOfTrees(t *testing.T) {
	above := t.TempDir()
	putFiles(t, filepath.Join(above, "6.1.0-test"), smallTree(t, false))
	tree, err := OpenTree(above)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	w, err := NewResolver(tree, nil).Explain("ext4")
	if err == nil || !strings.Contains(err.Error(), "is no module tree but has such in it: 6.1.0-test") || strings.Contains(err.Error(), "depmod") {
		t.Errorf("error %v", err)
	}
	if w == nil || len(w.Hints) != 1 || !strings.Contains(w.Hints[0], "6.1.0-test") {
		t.Errorf("hints %+v", w)
	}
}
