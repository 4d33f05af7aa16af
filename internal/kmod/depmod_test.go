package kmod

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDepmodStatsAndProgress(t *testing.T) {
	modules, files := generatedTree(20)
	files["kernel/bad.ko"] = "\x7fELF and no more"
	files["modules.order"] = "kernel/bad.ko\n" + files["modules.order"]
	dir := tinyTree(t, modules, files)
	var calls []int
	var warnings []string
	stats, err := Depmod(t.Context(), DepmodOptions{
		Dir:      dir,
		Workers:  3,
		Progress: func(done, total int) { calls = append(calls, done*100+total) },
		Warn:     func(s string) { warnings = append(warnings, strings.ReplaceAll(s, dir, "DIR")) },
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(DepmodStats{Modules: 21, Aliases: 64, Symbols: 40, Skipped: 1}, stats); diff != "" {
		t.Error(diff)
	}
	for i, c := range calls {
		if c != (i+1)*100+21 {
			t.Errorf("progress call %d is %d", i, c)
		}
	}
	if len(calls) != 21 {
		t.Errorf("%d calls of progress, want 21", len(calls))
	}
	want := []string{
		"ERROR: failed to load symbols from DIR/kernel/bad.ko: Exec format error",
		"WARNING: only the name of DIR/kernel/bad.ko is in the indexes: damaged: not an ELF file",
		"WARNING: Unmatched bracket in bad]",
	}
	if diff := cmp.Diff(want, warnings); diff != "" {
		t.Errorf("warnings: %s", diff)
	}
	if got := lineWith(t, dir, "bad.ko"); got != "kernel/bad.ko:" {
		t.Errorf("damaged module's line is %q", got)
	}
}

func TestDepmodFailsCleanly(t *testing.T) {
	a := tinyModule{exports: []string{"a"}, imports: []string{"b"}}
	b := tinyModule{exports: []string{"b"}, imports: []string{"c"}}
	c := tinyModule{exports: []string{"c"}, imports: []string{"a"}}
	above := tinyModule{imports: []string{"a"}}
	self := tinyModule{exports: []string{"s"}, imports: []string{"s"}}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	tests := map[string]struct {
		modules map[string]tinyModule
		ctx     context.Context
		want    string
	}{
		"cycles": {map[string]tinyModule{"a.ko": a, "b.ko": b, "c.ko": c, "above.ko": above, "s.ko": self}, t.Context(),
			"depmod DIR: cycle detected: s -> s; cycle detected: c -> a -> b -> c; found 4 modules in dependency cycles"},
		"cancelled": {map[string]tinyModule{"above.ko": above}, cancelled, "depmod DIR: context canceled"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			dir := tinyTree(t, test.modules, map[string]string{"modules.dep": "old"})
			before := listDir(t, dir)
			_, err := Depmod(test.ctx, DepmodOptions{Dir: dir})
			if err == nil || strings.ReplaceAll(err.Error(), dir, "DIR") != test.want {
				t.Errorf("error is %v\nwant %s", err, test.want)
			}
			if diff := cmp.Diff(before, listDir(t, dir)); diff != "" {
				t.Errorf("the tree changed: %s", diff)
			}
			if got := readTree(t, dir, "modules.dep")["modules.dep"]; got != "old" {
				t.Errorf("modules.dep is now %q", got)
			}
		})
	}
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: filepath.Join(t.TempDir(), "nowhere")}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing directory: %v", err)
	}
	if _, err := Depmod(t.Context(), DepmodOptions{}); err == nil {
		t.Error("no directory given, and no error")
	}
	var cycle *CycleError
	dir := tinyTree(t, map[string]tinyModule{"s.ko": self}, nil)
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir}); !errors.As(err, &cycle) || cycle.Modules != 1 {
		t.Errorf("self dependency: %v", err)
	}
}

func listDir(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// TestDepmodHostileNames checks that nothing from outside becomes a line, or
// part of one, that it must not become; and that links cannot trap the walk.
func TestDepmodHostileNames(t *testing.T) {
	dir := tinyTree(t, map[string]tinyModule{
		"kernel/a.ko":                           {info: []string{"alias=x\nalias evil *", "alias=ok-[0-9-]", "softdep=pre: b\ninstall b rm", "weakdep=b", "alias=\xff\xfe"}},
		"kernel/b\nkernel/evil.ko: kernel/a.ko": {},
		"kernel/sp ace.ko":                      {},
		"kernel/co:lon.ko":                      {},
		"kernel/ü.ko":                           {},
		"kernel/.ko":                            {},
		"kernel/b.ko.bak":                       {},
	}, map[string]string{"modules.order": "\n\n../../etc/passwd\nkernel/a.ko", "modules.builtin": "../../x-y.ko\n/\n\nkernel/.ko\n"})
	for link, to := range map[string]string{"kernel/up": "..", "kernel/c.ko": "a.ko", "kernel/dangling.ko": "nowhere", "kernel/null.ko": "/dev/null"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"modules.dep":     "kernel/a.ko:\nkernel/c.ko:\n",
		"modules.alias":   "# Aliases extracted from modules themselves.\nalias ok-[0-9-] a\nalias ok-[0-9-] c\n",
		"modules.softdep": "# Soft dependencies extracted from modules themselves.\n",
		"modules.weakdep": "# Weak dependencies extracted from modules themselves.\nweakdep a b\nweakdep c b\n",
		"modules.devname": "",
	}
	got := readTree(t, dir, "modules.dep", "modules.alias", "modules.softdep", "modules.weakdep", "modules.devname")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestDepmodUnknownSymbols(t *testing.T) {
	dir := tinyTree(t, map[string]tinyModule{"a.ko": {exports: []string{"a"}}, "b.ko": {imports: []string{"a", "printk", "gone"}, weak: []string{"perhaps"}}},
		map[string]string{"System.map": "ffffffff81000000 r __ksymtab_printk\nshort\nffffffff81000000 T gone\n", "modules.order": "", "modules.builtin": "", "modules.builtin.modinfo": ""})
	var warnings []string
	warn := func(s string) { warnings = append(warnings, strings.ReplaceAll(s, dir, "DIR")) }
	symbols, err := ReadKernelSymbols("", filepath.Join(dir, "System.map"), 0, warn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Kernel: symbols, Warn: warn}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"ERROR: DIR/System.map:2: invalid line: short\n", "WARNING: DIR/b.ko needs unknown symbol gone"}, warnings); diff != "" {
		t.Error(diff)
	}
}
