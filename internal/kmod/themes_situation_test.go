package kmod_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// situation is what a person is in who asks why: a tree and a configuration on
// disk, and a kernel that shows something.
type situation struct {
	t     *testing.T
	dir   string // the tree
	conf  string // modprobe.d
	sys   kernel.System
	cmd   string // the kernel's command line
	shows bundle.Content
	fails error // what loads answer
}

// theme is one thing that users of kmod ask about, the situation, and what is
// said of it. Every want must be in the answer.
type theme struct {
	number int
	name   string
	built  string // the situation in words
	build  func(s *situation)
	lines  []string // verbs; what the last one says counts
	want   []string
	cannot string // why a loader does not explain it
}

func (s *situation) file(name string, data []byte) {
	s.t.Helper()
	file := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(file, data, 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *situation) config(name, text string) {
	s.t.Helper()
	if err := os.WriteFile(filepath.Join(s.conf, name), []byte(text), 0o644); err != nil {
		s.t.Fatal(err)
	}
}

func (s *situation) depmod() {
	s.t.Helper()
	if _, err := kmod.Depmod(s.t.Context(), kmod.DepmodOptions{Dir: s.dir}); err != nil {
		s.t.Fatal(err)
	}
}

// mine puts a module of somebody's own into the tree and makes the indexes.
func (s *situation) mine(change func(*kmod.Tiny)) {
	s.t.Helper()
	m := fits()
	if change != nil {
		change(&m)
	}
	s.file("extra/mine.ko", m.Image())
	s.depmod()
}

func (s *situation) loaded(name string, state trace.State, refs int64, users ...string) {
	s.shows.Modules = append(s.shows.Modules, kernel.Module{Name: name, State: state, Refs: refs, Users: users})
}

// themeTarget is a kernel with the situation's tree, that shows what the
// situation says and refuses what is to be loaded.
type themeTarget struct {
	*bundle.Target
	s *situation
}

func (t themeTarget) Can(op kernel.Op) error {
	if op == kernel.OpTree || op == kernel.OpLoad {
		return nil
	}
	return t.Target.Can(op)
}

func (t themeTarget) Tree() (kernel.Tree, error) {
	return kernel.Tree{Dir: t.s.dir, Release: testRelease, Config: []string{t.s.conf}, Cmdline: t.s.cmd}, nil
}

func (t themeTarget) Load(_ context.Context, req kernel.LoadRequest) (kernel.LoadResult, error) {
	return kernel.LoadResult{Name: req.Name, Verdict: kernel.Failed}, t.s.fails
}
