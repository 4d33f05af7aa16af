package kmod

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestDepmodConfig puts one module into several places and asks which file
// wins, under configurations of depmod.d(5). The answers are compared with
// kmod's where it is installed.
func TestDepmodConfig(t *testing.T) {
	tests := map[string]struct {
		config map[string]string // name of a .conf file and its text; EXT stands for an absolute directory
		places []string          // where m.ko is, EXT1/ and EXT2/ among them
		want   string
	}{
		"default":                 {nil, []string{"kernel/m.ko", "updates/m.ko"}, "updates/m.ko"},
		"default deep":            {nil, []string{"kernel/m.ko", "updates/dkms/m.ko"}, "updates/dkms/m.ko"},
		"search":                  {map[string]string{"a": "search extra updates built-in"}, []string{"kernel/m.ko", "updates/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"search built-in first":   {map[string]string{"a": "search built-in updates"}, []string{"kernel/m.ko", "updates/m.ko"}, "kernel/m.ko"},
		"search in two files":     {map[string]string{"b": "search updates", "a": "search extra"}, []string{"updates/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"search without built-in": {map[string]string{"a": "search extra"}, []string{"kernel/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"search is no prefix":     {map[string]string{"a": "search upd built-in"}, []string{"kernel/m.ko", "updates/m.ko"}, "kernel/m.ko"},
		"search a deep directory": {map[string]string{"a": "search updates/a/b built-in"}, []string{"kernel/m.ko", "updates/a/b/c/m.ko"}, "updates/a/b/c/m.ko"},
		"override":                {map[string]string{"a": "override m * extra"}, []string{"kernel/m.ko", "updates/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"override by version":     {map[string]string{"a": "override m ^6\\.1 extra"}, []string{"kernel/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"override other version":  {map[string]string{"a": "override m ^5\\. kernel"}, []string{"kernel/m.ko", "updates/m.ko"}, "updates/m.ko"},
		"last override":           {map[string]string{"a": "override m * kernel\noverride m * extra\n"}, []string{"kernel/m.ko", "updates/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"override not deep":       {map[string]string{"a": "override m * extra"}, []string{"kernel/m.ko", "extra/deep/m.ko", "updates/m.ko"}, "updates/m.ko"},
		"external first":          {map[string]string{"a": "external * EXT1\nsearch external built-in"}, []string{"kernel/m.ko", "EXT1/m.ko"}, "EXT1/m.ko"},
		"external last":           {map[string]string{"a": "external * EXT1\nsearch built-in external"}, []string{"kernel/m.ko", "EXT1/m.ko"}, "kernel/m.ko"},
		"external only":           {map[string]string{"a": "external * EXT1\nsearch built-in external"}, []string{"kernel/n.ko", "EXT1/m.ko"}, "EXT1/m.ko"},
		"two externals":           {map[string]string{"a": "external * EXT1 EXT2\nsearch external"}, []string{"EXT1/m.ko", "EXT2/m.ko"}, "EXT1/m.ko"},
		"two external lines":      {map[string]string{"a": "external * EXT1\nexternal * EXT2\nsearch external"}, []string{"EXT1/m.ko", "EXT2/m.ko"}, "EXT1/m.ko"},
		"externals without right": {map[string]string{"a": "external * EXT1\nexternal * EXT2"}, []string{"EXT1/m.ko", "EXT2/m.ko"}, "EXT2/m.ko"},
		"external other version":  {map[string]string{"a": "external 5.4 EXT1\nsearch external built-in"}, []string{"kernel/m.ko", "EXT1/m.ko"}, "kernel/m.ko"},
		"exclude":                 {map[string]string{"a": "exclude dkms\n"}, []string{"kernel/m.ko", "updates/dkms/m.ko"}, "kernel/m.ko"},
		"comments and long lines": {map[string]string{"a": "# search kernel\n\nsearch \\\n  extra \\\n built-in\nnonsense here\noverride m\n"}, []string{"kernel/m.ko", "extra/m.ko"}, "extra/m.ko"},
		"no conf suffix":          {map[string]string{"a.txt": "search built-in updates"}, []string{"kernel/m.ko", "updates/m.ko"}, "updates/m.ko"},
		"compressed duplicate":    {map[string]string{"a": "override m * extra"}, []string{"kernel/m.ko", "extra/m.ko.xz"}, "extra/m.ko.xz"},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			ext := t.TempDir()
			expand := strings.NewReplacer("EXT", ext+"/EXT").Replace
			modules := map[string]tinyModule{}
			for _, p := range test.places {
				modules[expand(p)] = tinyModule{info: []string{"alias=x"}}
			}
			dir := tinyTree(t, modules, map[string]string{"modules.order": ""})
			config := t.TempDir()
			for file, text := range test.config {
				if !strings.Contains(file, ".") {
					file += ".conf"
				}
				writeTreeFile(t, config, file, []byte(expand(text)))
			}
			if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Config: []string{config}, Warn: func(s string) { t.Log(s) }}); err != nil {
				t.Fatal(err)
			}
			ours := lineWith(t, dir, "/m.ko")
			if want := expand(test.want) + ":"; ours != want {
				t.Errorf("modules.dep has %q, want %q", ours, want)
			}
			checkWhich(t, dir, config, strings.TrimSuffix(ours, ":"), len(test.places))
			if text, err := kmodDepmod(t, dir, "-C", config); err != nil {
				t.Fatalf("kmod's depmod: %v\n%s", err, text)
			}
			if diff := cmp.Diff(lineWith(t, dir, "/m.ko"), ours); diff != "" {
				t.Errorf("-kmod +ours:\n%s", diff)
			}
		})
	}
}

// checkWhich holds what FindWhich says against what depmod did.
func checkWhich(t *testing.T, dir, config, chosen string, places int) {
	t.Helper()
	tree, err := OpenTree(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer tree.Close()
	w, err := NewResolver(tree, nil).FindWhich("m", "", []string{config}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range w.Candidates {
		if c.Chosen != (c.File == chosen) || c.Place == "" || c.Chosen != (c.Against == "") {
			t.Errorf("depmod chose %s: %+v", chosen, c)
		}
	}
	if len(w.Candidates) == 0 || w.Indexed != chosen || len(w.Candidates) > 1 && w.Rule == "" || len(w.Candidates) > places {
		t.Errorf("%+v", w)
	}
}

func lineWith(t *testing.T, dir, part string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "modules.dep"))
	if err != nil {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(b)) {
		if strings.Contains(l, part) {
			return strings.TrimSpace(l)
		}
	}
	return ""
}

// TestDepmodConfigHides checks that a file hides the ones of its name further
// down, and that files count in the order of their names.
func TestDepmodConfigHides(t *testing.T) {
	high, low := t.TempDir(), t.TempDir()
	writeTreeFile(t, high, "b.conf", []byte("search high"))
	writeTreeFile(t, low, "b.conf", []byte("search low"))
	writeTreeFile(t, low, "a.conf", []byte("search first"))
	c := loadDepmodConfig(configSource{}, []string{filepath.Join(high, "missing"), high, low}, "6.1", func(s string) { t.Error(s) })
	if diff := cmp.Diff([]string{"first", "high"}, c.searches); diff != "" {
		t.Error(diff)
	}
}
