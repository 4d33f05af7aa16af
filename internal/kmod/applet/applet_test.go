package applet

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestApplets runs the command lines in testdata/applets: each is a command
// `run` whose input is one line, and prints status, output and events. They
// work on a small tree and a kernel with a fixed module list, of which the
// answers are in place.
func TestApplets(t *testing.T) {
	root := smallTree(t)
	datadriven.Walk(t, "testdata/applets", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out, errs bytes.Buffer
			var events []string
			words := strings.Fields(strings.ReplaceAll(d.Input, "ROOT", root))
			status := Main(words[0], words[1:], Env{
				Stdout: &out, Stderr: &errs, Config: []string{filepath.Join(root, "modprobe.d")},
				ModulesRoot: filepath.Join(root, "lib/modules"),
				Kernel:      func() (kernel.Kernel, error) { return &listKernel{}, nil },
				Report: func(e trace.Event) {
					s := e.Point + " " + e.Module
					if e.Ret != nil {
						s += fmt.Sprintf(" %d", *e.Ret)
					}
					events = append(events, strings.TrimSpace(s))
				},
			})
			text := fmt.Sprintf("%sstatus %d\n", out.String()+errs.String(), status)
			if len(events) > 0 {
				text += "events " + strings.Join(events, ", ") + "\n"
			}
			return strings.NewReplacer(root, "ROOT", "\x00", "<NUL>").Replace(text)
		})
	})
}

// smallTree writes lib/modules/1.0 of three modules, one of which fails to
// load, and a configuration.
func smallTree(t *testing.T) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range map[string]string{
		"lib/modules/1.0/modules.dep":             "kernel/a.ko: kernel/b.ko\nkernel/b.ko:\nkernel/broken.ko:\n",
		"lib/modules/1.0/modules.alias":           "alias fs-a a\n",
		"lib/modules/1.0/modules.builtin":         "kernel/core.ko\n",
		"lib/modules/1.0/modules.builtin.modinfo": "core.license=GPL\x00core.parm=x:an x\x00core.parmtype=x:int\x00",
		"lib/modules/1.0/kernel/a.ko":             "module",
		"lib/modules/1.0/kernel/b.ko":             "module",
		"lib/modules/1.0/kernel/broken.ko":        "module",
		"modprobe.d/a.conf":                       "options a x=1\n",
	} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

// listKernel has two modules live, one used by the other, and loads what it is
// given, but for the module "broken".
type listKernel struct {
	kernel.Kernel // what is not below is never called
	loaded        []string
}

func (k *listKernel) Release() string     { return "1.0" }
func (k *listKernel) Compression() string { return "" }

func (k *listKernel) Modules() ([]kernel.Module, error) {
	list := []kernel.Module{
		{Name: "used", State: trace.Live, Size: 16384, Refs: 1, Users: []string{"user"}},
		{Name: "user", State: trace.Live, Size: 4096},
		{Name: "leaving", State: trace.Going, Size: 4096, Refs: -1},
	}
	for _, name := range k.loaded {
		list = append(list, kernel.Module{Name: name, State: trace.Live})
	}
	return list, nil
}

func (k *listKernel) Initstate(name string) (kernel.Initstate, error) {
	list, _ := k.Modules()
	for _, m := range list {
		if m.Name == name {
			return kernel.Initstate{Dir: true, State: m.State}, nil
		}
	}
	return kernel.Initstate{}, nil
}

func (k *listKernel) Finit(_ context.Context, f fs.File, _ string, _ kernel.InitFlags) error {
	st, err := f.Stat()
	if err != nil {
		return err
	}
	name := strings.TrimSuffix(st.Name(), ".ko")
	if name == "broken" {
		return syscall.ENOEXEC
	}
	k.loaded = append(k.loaded, name)
	return nil
}

func (k *listKernel) Delete(_ context.Context, name string, _ bool) error {
	if name == "used" {
		return syscall.EAGAIN
	}
	return nil
}

func (k *listKernel) LogMark() kernel.LogMark { return 0 }

func (k *listKernel) LogSince(kernel.LogMark) []string {
	return []string{"broken: version magic '2.0' should be '1.0'"}
}
