package ops_test

import (
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestWhichLines: lines of depmod.d without effect are told with file and line, also
// where the module has one file, and where an exclude line leaves none.
func TestWhichLines(t *testing.T) {
	dir, conf := t.TempDir(), t.TempDir()
	for name, text := range map[string]string{
		dir + "/a.ko": "", dir + "/b.ko": "", dir + "/modules.dep": "a.ko:\n",
		conf + "/x.conf": "override a * updates\nexclude b.ko\n",
	} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"a": "it is the only file of a\n! CONF/x.conf:1: override a * updates\n    no effect: there is no file updates/a.ko in the tree\n",
		"b": "  CONF/x.conf:2: exclude b.ko\n    leaves out b.ko\n",
	} {
		got := strings.ReplaceAll(answers(t, ops.New(), []string{"which", "--tree", dir, "--conf", conf, name}), conf, "CONF")
		if !strings.Contains(got, want) {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
