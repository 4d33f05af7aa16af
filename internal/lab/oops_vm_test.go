package lab

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// oopsing changes a module of the distribution so that its init hits an
// undefined instruction where its first own one was.
func oopsing(t *testing.T, module []byte) []byte {
	t.Helper()
	module = unsigned(module) // its signature would be wrong
	f, err := elf.NewFile(bytes.NewReader(module))
	if err != nil {
		t.Fatal(err)
	}
	symbols, err := f.Symbols()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range symbols {
		if s.Name != "init_module" {
			continue
		}
		code := module[f.Sections[s.Section].Offset+s.Value:]
		if endbr := []byte{0xf3, 0x0f, 0x1e, 0xfa}; bytes.HasPrefix(code, endbr) {
			code = code[len(endbr):]
		}
		copy(code[5:], []byte{0x0f, 0x0b}) // behind call __fentry__: ud2
		return module
	}
	t.Fatal("the module has no init")
	return nil
}

// findFile finds a file by its name, or a pattern of it.
func findFile(t *testing.T, dir, name string) string {
	t.Helper()
	found := ""
	filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if ok, _ := filepath.Match(name, filepath.Base(path)); err == nil && ok {
			found = path
		}
		return nil
	})
	if found == "" {
		t.Fatalf("no %s in %s", name, dir)
	}
	return found
}

// TestVMOops loads a module whose init oopses: the load ends with an error that
// says so, the machine goes on, tells of it, and can go back to before.
func TestVMOops(t *testing.T) {
	c := vmCache(t, "6.1")
	k, err := c.Find("6.1")
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile(findFile(t, k.Modules, "minix.ko"))
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), k.Release)
	writeFile(t, filepath.Join(dir, "kernel/fs/minix/minix.ko"), string(oopsing(t, module)))
	for _, name := range []string{"modules.builtin", "modules.order"} {
		b, err := os.ReadFile(filepath.Join(k.Modules, name))
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), string(b))
	}
	vm, err := open(t.Context(), "", Options{Cache: c, Kernel: k.Image, Modules: dir, NoSnapshot: true})
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	mustSave(t, vm, 0)
	// A load that hangs must end the test, not the test run.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	r, err := vm.Load(ctx, kernel.LoadRequest{Name: "minix"})
	if !errors.Is(err, kernel.ErrOops) || r.Verdict != kernel.Failed || r.State != trace.Coming {
		t.Fatalf("the load gives %+v, %v", r, err)
	}
	t.Logf("%+v, %v", r, err)
	told := func() bool {
		info, err := vm.Info(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range info.Facts {
			if f.Name == "trouble" && strings.Contains(f.Value, "invalid opcode") {
				return true
			}
		}
		return false
	}
	if !told() {
		t.Error("the machine does not tell of its oops")
	}
	list, err := vm.Modules(ctx)
	if err != nil || len(list) != 1 || list[0].State != trace.Coming {
		t.Errorf("what is there after it: %+v, %v", list, err)
	}
	mustGo(t, vm, 0)
	if told() {
		t.Error("back before the oops the machine tells of it")
	}
	if list, err := vm.Modules(ctx); err != nil || len(list) != 0 {
		t.Errorf("back before it there is %+v, %v", list, err)
	}
	q, err := vm.Request(ctx, "fs-minix")
	t.Logf("%+v, %v", q, err)
	if err != nil || q.Verdict != kernel.Failed {
		t.Errorf("a request for it: %+v, %v", q, err)
	}
	left(t, vm)
}
