package ops_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
)

// resolving are the verbs that ask the module tree.
var resolving = [][]string{
	{"deps", "ext4"}, {"deps", "--reverse", "crc16"}, {"resolve", "ext4", "fs-ext4"}, {"resolve", "--mode", "R", "mydisk"}, {"resolve", "--mode", "D", "ext4"}, {"resolve", "symbol:x"},
	{"builtin", "fuse", "ext4"}, {"alias", "fs-ext4"}, {"alias", "--check"}, {"which", "loop"}, {"why", "ext4"}, {"info", "ext4"},
	{"load", "loop"}, {"request", "fs-ext4"}, {"unload", "loop"},
}

// sessionsOn are sessions on all kinds of targets that have the tree in dir.
func sessionsOn(t *testing.T, tree kernel.Tree) map[string]*ops.Session {
	t.Helper()
	out := map[string]*ops.Session{"": ops.New(), "machine": ops.New(), "sim": ops.New(), "bundle": ops.New()}
	m := newMemory("vm:6.1")
	m.tree, m.catalog = tree, map[string][]string{"loop": {"loop"}, "fs-ext4": {"ext4"}}
	out["machine"].SetTarget(m)
	simulated, err := sim.OpenTree("", tree.Dir, tree.Config...)
	if err != nil {
		t.Fatal(err)
	}
	out["sim"].SetTarget(simulated)
	c := &bundle.Content{Manifest: bundle.Manifest{Tree: tree.Dir, Release: tree.Release}, Indexes: map[string][]byte{}}
	files, err := filepath.Glob(tree.Dir + "/modules.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if c.Indexes[filepath.Base(f)], err = os.ReadFile(f); err != nil {
			t.Fatal(err)
		}
	}
	out["bundle"].SetTarget(bundle.NewTarget("bundle:x", c))
	return out
}

// answers runs a verb and returns what a person sees of it, but the times.
func answers(t *testing.T, s *ops.Session, words []string) string {
	t.Helper()
	res, err := s.Exec(t.Context(), words)
	var b bytes.Buffer
	if werr := ops.Write(&b, res, false, ops.Style{}); werr != nil {
		t.Fatal(werr)
	}
	if err != nil {
		b.WriteString(err.Error())
	}
	return b.String()
}

// TestDamagedIndexes: with every kind of target a damaged binary index whose text
// is sound is told once, with the file and the place, and every verb answers as
// if it were not there.
func TestDamagedIndexes(t *testing.T) {
	tree := writeTree(t)
	sound := map[string]string{}
	for kind, s := range sessionsOn(t, tree) {
		for _, words := range resolving {
			if kind == "" {
				words = append([]string{words[0], "--tree", tree.Dir}, words[1:]...)
			}
			sound[kind+strings.Join(words, " ")] = answers(t, s, words)
		}
		if w := s.Warnings(); w != nil {
			t.Fatal(kind, w)
		}
	}
	want := []string{}
	for _, index := range []string{"modules.alias", "modules.builtin", "modules.builtin.alias", "modules.dep", "modules.symbols"} {
		if err := os.WriteFile(filepath.Join(tree.Dir, index+".bin"), []byte("no index of any kind"), 0o644); err != nil {
			t.Fatal(err)
		}
		want = append(want, filepath.Join(tree.Dir, index+".bin"))
	}
	for kind, s := range sessionsOn(t, tree) {
		told := map[string]int{}
		for _, words := range resolving {
			if kind == "" {
				words = append([]string{words[0], "--tree", tree.Dir}, words[1:]...)
			}
			if d := cmp.Diff(sound[kind+strings.Join(words, " ")], answers(t, s, words)); d != "" && words[0] != "why" {
				t.Errorf("%s %v: -sound +damaged:\n%s", kind, words, d)
			} else if words[0] == "why" && !strings.Contains(d, "modules.dep.bin: damaged at byte 0") && kind != "" {
				t.Errorf("%s: why says nothing of the damage:\n%s", kind, d)
			}
			for _, w := range s.Warnings() {
				r := ops.ReportWarning(w)
				told[r.File]++
				if r.Kind != "damaged" || !strings.Contains(r.Warning, r.File+": damaged at byte 0: ") || !strings.HasSuffix(r.Warning, "beside it is read in its place") {
					t.Errorf("%s %v: %+v", kind, words, r)
				}
			}
		}
		for _, file := range want {
			if told[file] != 1 && kind != "" {
				t.Errorf("%s: %s is told %d times", kind, file, told[file])
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestDamagedWarningFirst: the first verb that comes across damage has it told,
// whichever it is.
func TestDamagedWarningFirst(t *testing.T) {
	tree := writeTree(t)
	file := filepath.Join(tree.Dir, "modules.dep.bin")
	if err := os.WriteFile(file, []byte("no index of any kind"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, words := range append(slices.Clone(resolving), []string{"lint", "--"}) {
		for kind, s := range sessionsOn(t, tree) {
			if kind == "" || kind == "bundle" && slices.Contains([]string{"load", "unload", "request", "which", "info"}, words[0]) || words[0] == "alias" && words[1] == "--check" || words[1] == "symbol:x" {
				continue // nothing that is done there, or does not ask modules.dep
			}
			said := answers(t, s, words)
			warned := s.Warnings()
			inAnswer := words[0] == "why" || words[0] == "lint"
			switch {
			case inAnswer && (len(warned) > 0 || !strings.Contains(said, "modules.dep.bin")):
				t.Errorf("%s %v: warned %v beside the answer\n%s", kind, words, warned, said)
			case !inAnswer && len(warned) != 1:
				t.Errorf("%s %v: warned %v\n%s", kind, words, warned, said)
			}
		}
	}
}

// TestDamagedBoth: with the text damaged, too, there is an error that names both.
func TestDamagedBoth(t *testing.T) {
	tree := writeTree(t)
	for name, text := range map[string]string{"modules.dep.bin": "no index of any kind", "modules.dep": "kernel/a.ko: kernel/b"} {
		if err := os.WriteFile(filepath.Join(tree.Dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for kind, s := range sessionsOn(t, tree) {
		if kind == "" {
			continue
		}
		_, err := s.Exec(t.Context(), []string{"deps", "ext4"})
		if !errors.Is(err, kernel.ErrDamaged) || !strings.Contains(err.Error(), "modules.dep.bin: damaged at byte 0") || !strings.Contains(err.Error(), "modules.dep:1: damaged at byte 0") {
			t.Errorf("%s: %v", kind, err)
		}
		if w := s.Warnings(); w != nil {
			t.Errorf("%s: told besides: %v", kind, w)
		}
	}
}
