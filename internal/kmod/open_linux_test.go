package kmod

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"example.org/kmodsh/internal/kernel"
)

// TestPipesInPlaceOfFiles puts pipes that nobody writes to where files of a tree
// and of the configuration should be. Nothing waits for them; who needs one says
// so.
func TestPipesInPlaceOfFiles(t *testing.T) {
	modules := map[string]tinyModule{"kernel/a.ko": {exports: []string{"a"}}, "kernel/b.ko": {imports: []string{"a"}, info: []string{"alias=b-alias"}}}
	for _, name := range []string{"modules.dep.bin", "modules.alias.bin", "modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.softdep", "modules.order", "modules.builtin", "modules.builtin.modinfo", "kernel/b.ko", "conf.d/a.conf"} {
		t.Run(name, func(t *testing.T) {
			dir := tinyTree(t, modules, map[string]string{"modules.order": "kernel/a.ko\n", "modules.builtin": "kernel/core.ko\n", "modules.builtin.modinfo": "core.alias=core-alias\x00", "conf.d/a.conf": ""})
			if _, err := Depmod(t.Context(), DepmodOptions{Dir: dir}); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, name)
			if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				t.Fatal(err)
			}
			opened, err := OpenTree(dir)
			if err != nil {
				t.Fatal(err)
			}
			defer opened.Close()
			for _, tree := range []*Tree{opened, OpenHostTree(dir)} {
				conf, err := ReadConfig([]string{filepath.Join(dir, "conf.d")}, "")
				if err != nil {
					t.Fatal(err)
				}
				r := NewResolver(tree, conf)
				found := false
				for _, n := range []string{"b", "b-alias", "symbol:a", "core", "core-alias"} {
					_, err := r.Resolve(n)
					found = found || err != nil && strings.Contains(err.Error(), "not a regular file")
				}
				if want := strings.HasSuffix(name, ".bin") || name == "modules.softdep"; found != want {
					t.Errorf("a lookup said so: %v", found)
				}
				findings, err := r.Lint()
				if err != nil {
					t.Log(err)
				}
				if strings.HasSuffix(name, ".bin") && (len(findings) == 0 || findings[0].Where != file) {
					t.Errorf("lint says %v", findings)
				}
				if f, err := tree.Open(name); err == nil {
					f.Close()
					t.Error("a pipe was opened as a file of the tree")
				}
				l := Loader{Kernel: nobody{}, Resolver: r}
				if name == "kernel/b.ko" {
					if _, err := l.Load(t.Context(), kernel.LoadRequest{Name: "b", Policy: PolicyKmod20}); err == nil {
						t.Error("a pipe was loaded")
					}
				}
			}
			_, err = Depmod(context.WithoutCancel(t.Context()), DepmodOptions{Dir: dir, Warn: func(s string) { t.Log(s) }})
			t.Log(err)
		})
	}
}

// nobody is a kernel that loads nothing.
type nobody struct{ kernel.Kernel }

func (nobody) Initstate(string) (kernel.Initstate, error) { return kernel.Initstate{}, nil }
func (nobody) Modules() ([]kernel.Module, error)          { return nil, nil }
func (nobody) LogMark() kernel.LogMark                    { return 0 }
func (nobody) LogSince(kernel.LogMark) []string           { return nil }
func (nobody) Compression() string                        { return "" }
