package kmod

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sameIndexes are the files that have to be what kmod 30 writes, the texts byte for
// byte. The nodes of binary indexes it writes in another order than kmod 34, whose
// files the applets' transcripts hold.
var sameIndexes = []string{"modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep",
	"modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.devname"}

// kmodDepmod runs the depmod of kmod, or skips the test where there is none
// that writes indexes as kmod 30 does. It returns what it printed.
func kmodDepmod(t *testing.T, dir string, args ...string) (string, error) {
	t.Helper()
	depmod, err := exec.LookPath("depmod")
	if err != nil {
		t.Skip("no depmod of kmod here to compare with: apt-get install kmod")
	}
	version, err := exec.Command(depmod, "--version").Output()
	if err != nil || !strings.HasPrefix(string(version), "kmod version 3") {
		t.Skipf("depmod here is not of kmod 30 to 33: %q", version)
	}
	if v := strings.Fields(string(version)); len(v) < 3 || v[2] < "30" || v[2] >= "34" {
		t.Skipf("depmod here is not of kmod 30 to 33: %q", version)
	}
	root := strings.TrimSuffix(dir, "/lib/modules/"+filepath.Base(dir))
	if len(args) == 0 {
		args = []string{"-C", filepath.Join(root, "none")} // not this machine's
	}
	args = append([]string{"-b", root}, args...)
	out, err := exec.Command(depmod, append(args, filepath.Base(dir))...).CombinedOutput()
	return string(out), err
}

func TestDepmodWritesWhatKmodWrites(t *testing.T) {
	modules, files := generatedTree(60)
	dup := tinyModule{info: []string{"alias=replaced"}, imports: []string{"sym_3"}}
	modules["updates/dkms/mod-c2.ko"] = dup
	modules["build/ignored.ko"] = dup
	gone := map[string]tinyModule{"kernel/a.ko": {exports: []string{"a"}}, "kernel/b.ko": {imports: []string{"a"}, info: []string{"alias=x-[a-z]-y"}}}
	tests := map[string]struct {
		modules map[string]tinyModule
		files   map[string]string
		differ  []string // files whose order kmod leaves open
	}{
		"full":    {modules, files, nil},
		"bare":    {gone, map[string]string{"modules.order": "kernel/b.ko\nkernel/a.ko\n"}, []string{"modules.builtin.bin", "modules.builtin.alias.bin"}},
		"damaged": {gone, map[string]string{"modules.order": "kernel/b.ko\nkernel/a.ko\nkernel/c.ko\nkernel/d.ko\n", "modules.builtin": "kernel/x.ko\n", "modules.builtin.modinfo": "x.alias=y\x00", "kernel/c.ko": "not an ELF file", "kernel/d.ko": ""}, nil},
		"one symbol twice": {map[string]tinyModule{"kernel/a.ko": {exports: []string{"s"}}, "kernel/b.ko": {exports: []string{"s"}}, "kernel/c.ko": {imports: []string{"s", ".t"}}, "kernel/d.ko": {exports: []string{"t"}}},
			map[string]string{"modules.order": "kernel/b.ko\nkernel/a.ko\nkernel/c.ko\nkernel/d.ko\n", "modules.builtin": "kernel/x.ko\n", "modules.builtin.modinfo": "x.alias=y\x00"}, nil},
		"one":             {map[string]tinyModule{"kernel/a.ko.xz": {exports: []string{"a"}}}, files, nil},
		"32-bit big":      {map[string]tinyModule{"a.ko": {bits: 32, bigEndian: true, exports: []string{"a"}}, "b.ko": {bits: 32, bigEndian: true, imports: []string{"a"}}}, map[string]string{"modules.order": "b.ko\na.ko\n"}, []string{"modules.builtin.bin", "modules.builtin.alias.bin"}},
		"builtin repeats": {gone, map[string]string{"modules.order": "kernel/a.ko\nkernel/b.ko\n", "modules.builtin": "kernel/x-y.ko\nkernel/z/x_y.ko\n", "modules.builtin.modinfo": "a.alias=same\x00b.alias=same\x00a.alias=same\x00"}, nil},
	}
	for _, name := range slices.Sorted(maps.Keys(tests)) {
		test := tests[name]
		t.Run(name, func(t *testing.T) {
			dir := tinyTree(t, test.modules, test.files)
			out := t.TempDir()
			stats, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Out: out, Workers: 2, Warn: func(s string) { t.Log(s) }})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%+v", stats)
			if text, err := kmodDepmod(t, dir); err != nil {
				t.Fatalf("kmod's depmod: %v\n%s", err, text)
			}
			same := slices.DeleteFunc(slices.Clone(sameIndexes), func(s string) bool { return slices.Contains(test.differ, s) })
			if diff := cmp.Diff(readIndexes(t, dir, same), readIndexes(t, out, same)); diff != "" {
				t.Errorf("-kmod +ours:\n%s", diff)
			}
			want, got := readTree(t, dir, "modules.symbols"), readTree(t, out, "modules.symbols")
			if diff := cmp.Diff(sortedLines(want["modules.symbols"]), sortedLines(got["modules.symbols"])); diff != "" {
				t.Errorf("modules.symbols: -kmod +ours:\n%s", diff)
			}
		})
	}
}

// readIndexes is readTree, of binary indexes their nodes from the root on.
func readIndexes(t *testing.T, dir string, names []string) map[string]string {
	t.Helper()
	all := readTree(t, dir, names...)
	for name, data := range all {
		if strings.HasSuffix(name, ".bin") {
			var b strings.Builder
			nodesOf(&b, data, binary.BigEndian.Uint32([]byte(data[8:])), 0)
			all[name] = b.String()
		}
	}
	return all
}

// nodesOf writes the node at an offset word and those below it, a line each.
func nodesOf(b *strings.Builder, data string, ref uint32, depth int) {
	rest := []byte(data[ref&indexOffsetMask:])
	word := func() (v uint32) {
		v, rest = binary.BigEndian.Uint32(rest), rest[4:]
		return v
	}
	text := func() string {
		s, after, _ := bytes.Cut(rest, []byte{0})
		rest = after
		return string(s)
	}
	fmt.Fprintf(b, "%*s", depth, "")
	if ref&indexHasPrefix != 0 {
		fmt.Fprintf(b, "%q", text())
	}
	var first byte
	var children []uint32
	if ref&indexHasChildren != 0 {
		first = rest[0]
		last := rest[1]
		rest = rest[2:]
		for range int(last) - int(first) + 1 {
			children = append(children, word())
		}
		fmt.Fprintf(b, " %c-%c", first, last)
	}
	if ref&indexHasValues != 0 {
		for range word() {
			fmt.Fprintf(b, " %d:", word())
			fmt.Fprintf(b, "%q", text())
		}
	}
	b.WriteByte('\n')
	for i, c := range children {
		if c != 0 {
			fmt.Fprintf(b, "%*s%c\n", depth, "", int(first)+i)
			nodesOf(b, data, c, depth+1)
		}
	}
}

func sortedLines(s string) []string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return lines
}

// TestModprobeReadsOurIndexes asks kmod's modprobe from indexes of ours.
func TestModprobeReadsOurIndexes(t *testing.T) {
	modprobe, err := exec.LookPath("modprobe")
	if err != nil {
		t.Skip("no modprobe of kmod here to compare with: apt-get install kmod")
	}
	modules, files := generatedTree(60)
	dir := tinyTree(t, modules, files)
	root := strings.TrimSuffix(dir, "/lib/modules/6.1.0-test")
	ask := func() string {
		var answers strings.Builder
		for _, query := range [][]string{
			{"-R", "pci:v00000011d0sv0sd0bc0sc0i0"}, {"-R", "of:NxTyCvendor,dev_4"}, {"-R", "usb:v0BDAp7d1"},
			{"-R", "symbol:sym_9"}, {"-R", "fs-ext4"}, {"-R", "crypto-b-crc32"}, {"-R", "nothing"},
			{"-D", "mod-d59"}, {"-D", "mod_e53"}, {"-D", "crc32"},
		} {
			out, err := exec.Command(modprobe, append([]string{"-d", root, "-S", "6.1.0-test", "-C", filepath.Join(root, "none")}, query...)...).CombinedOutput()
			answers.WriteString(strings.Join(query, " ") + "\n" + string(out))
			if err != nil {
				answers.WriteString(err.Error() + "\n")
			}
		}
		return answers.String()
	}
	if text, err := kmodDepmod(t, dir); err != nil {
		t.Fatalf("kmod's depmod: %v\n%s", err, text)
	}
	want := ask()
	if err := os.Remove(filepath.Join(dir, "modules.dep.bin")); err != nil {
		t.Fatal(err)
	}
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, ask()); diff != "" {
		t.Errorf("-with kmod's indexes +with ours:\n%s", diff)
	}
	t.Log(want)
}

// TestDepmodWithoutBuildFiles has no modules.order, modules.builtin or
// modules.builtin.modinfo. kmod leaves the order of modules open then; what
// each one needs is the same, and the order is one that can be loaded.
func TestDepmodWithoutBuildFiles(t *testing.T) {
	modules, _ := generatedTree(60)
	dir := tinyTree(t, modules, nil)
	var warnings []string
	if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir, Warn: func(s string) { warnings = append(warnings, s) }}); err != nil {
		t.Fatal(err)
	}
	if len(warnings) != 3 {
		t.Errorf("warnings, want one for each missing file: %q", warnings)
	}
	ours := dependencies(t, dir)
	for module, needs := range ours {
		for i, d := range needs {
			for _, deeper := range ours[d] {
				if !slices.Contains(needs[i+1:], deeper) {
					t.Errorf("%s: %s is not behind %s, which needs it: %v", module, deeper, d, needs)
				}
			}
		}
	}
	if text, err := kmodDepmod(t, dir); err != nil {
		t.Fatalf("kmod's depmod: %v\n%s", err, text)
	}
	theirs := dependencies(t, dir)
	for _, m := range []map[string][]string{ours, theirs} {
		for module := range m {
			slices.Sort(m[module])
		}
	}
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("-kmod +ours:\n%s", diff)
	}
}

// dependencies reads modules.dep.
func dependencies(t *testing.T, dir string) map[string][]string {
	t.Helper()
	deps := map[string][]string{}
	for line := range strings.Lines(readTree(t, dir, "modules.dep")["modules.dep"]) {
		module, needs, ok := strings.Cut(strings.TrimSpace(line), ":")
		if !ok {
			t.Fatalf("line %q", line)
		}
		deps[module] = strings.Fields(needs)
	}
	return deps
}
