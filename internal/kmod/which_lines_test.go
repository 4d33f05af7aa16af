package kmod

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestWhichLines holds what is said of the lines of depmod.d that are about a module.
func TestWhichLines(t *testing.T) {
	top := t.TempDir()
	put := func(name, text string) {
		file := filepath.Join(top, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const dir = "lib/modules/6.1.0"
	for _, file := range []string{"kernel/a/m-x.ko", "updates/m-x.ko.xz", "extra/m_x.ko", "off/m-x.ko", "kernel/other.ko"} {
		put(dir+"/"+file, "")
	}
	put(dir+"/modules.dep", "")
	put("ext/m-x.ko", "")
	put("ext2/deep/m-x.ko", "")
	put("ext3/other.ko", "")
	put("one/a.conf", strings.ReplaceAll(`override m-x 5.* extra
override m-x * extra
override m-x * kernel/a
override m_x * updates
override m-x 6.* updates
override m-x 6.* none
override other * kernel
search updates/ kernel/a updates built-in
search TOP/lib/modules/6.1.0/extra kernel/a nowhere nowhere
external 5.* TOP/ext
external * TOP/gone
external * \
 TOP/ext TOP/ext2
external * TOP/ext3
exclude off m-x other.ko
bad line
`, "TOP", top))
	put("two/a.conf", "override m-x * extra\noverride other * kernel\n")
	put("two/b.conf", "exclude m_x.ko\n")
	tree, err := OpenTree(filepath.Join(top, dir))
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	w, err := NewResolver(tree, nil).FindWhich("m-x", "", []string{top + "/one", top + "/two"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, l := range w.Lines {
		mark := "!"
		if l.Counts {
			mark = " "
		}
		got = append(got, strings.ReplaceAll(fmt.Sprintf("%s %s: %s: %s", mark, l.Where, l.Text, l.Effect), top, "TOP"))
	}
	search := []string{"search updates/ kernel/a updates built-in", "search TOP/lib/modules/6.1.0/extra kernel/a nowhere nowhere"}
	want := []string{
		"! TOP/one/a.conf:1: override m-x 5.* extra: no effect: its pattern 5.* does not fit the release 6.1.0",
		"! TOP/one/a.conf:2: override m-x * extra: no effect: there is no file extra/m-x.ko in the tree; the name counts as it is written: m_x",
		"! TOP/one/a.conf:3: override m-x * kernel/a: no effect: of such lines the last one counts, TOP/one/a.conf:5",
		"! TOP/one/a.conf:4: override m_x * updates: no effect: there is no file updates/m_x.ko in the tree; the name counts as it is written: m-x",
		"  TOP/one/a.conf:5: override m-x 6.* updates: chooses updates/m-x.ko.xz",
		"! TOP/one/a.conf:6: override m-x 6.* none: no effect: there is no file none/m-x.ko in the tree",
		"! TOP/one/a.conf:8: " + search[0] + ": no effect: directories are named as they are below the tree: write updates for updates/",
		"! TOP/one/a.conf:9: " + search[1] + ": no effect: directories are named as they are below the tree: write extra for TOP/lib/modules/6.1.0/extra",
		"! TOP/one/a.conf:9: " + search[1] + ": no effect: kernel/a is in the search order before, at TOP/one/a.conf:8",
		"! TOP/one/a.conf:10: external 5.* TOP/ext: no effect: its pattern 5.* does not fit the release 6.1.0, so TOP/ext/m-x.ko is not seen",
		"! TOP/one/a.conf:11: external * TOP/gone: no effect: there is no directory TOP/gone",
		"  TOP/one/a.conf:13: external * TOP/ext TOP/ext2: brings in TOP/ext/m-x.ko",
		"! TOP/one/a.conf:13: external * TOP/ext TOP/ext2: no effect: of several directories in a line the first alone counts, so TOP/ext2/deep/m-x.ko is not seen",
		"  TOP/one/a.conf:15: exclude off m-x other.ko: leaves out off/m-x.ko",
		"! TOP/one/a.conf:15: exclude off m-x other.ko: no effect: names of files and directories count whole: m-x.ko",
		"  TOP/two/b.conf:1: exclude m_x.ko: leaves out extra/m_x.ko",
		"! TOP/two/a.conf:1: override m-x * extra: no effect: the file is not read, shadowed by TOP/one/a.conf",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if !slices.ContainsFunc(w.Candidates, func(c Candidate) bool { return c.Chosen && c.File == "updates/m-x.ko.xz" }) {
		t.Errorf("%+v", w.Candidates)
	}
}
