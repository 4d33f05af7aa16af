package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// diskModules are what a guest needs to read the disk, in order: the bus, the
// block device, the file system.
var diskModules = []string{"virtio_pci", "virtio_blk", "squashfs"}

// earlyModules returns which of diskModules are modules in this kernel and
// have to be loaded before the disk. ok is false when the kernel has one of
// them neither as a module nor built in, so that it cannot read the disk. damaged
// is told what is passed over of the tree.
func earlyModules(k Kernel, damaged func(error)) (early []string, ok bool, err error) {
	t, err := kmod.OpenTree(k.Modules)
	if err != nil {
		return nil, false, err
	}
	defer t.Close()
	t.OnDamage(damaged)
	r := kmod.NewResolver(t, nil)
	for _, name := range diskModules {
		builtin, err := r.Builtin(name)
		if err != nil {
			return nil, false, err
		}
		if builtin {
			continue
		}
		_, err = r.Plan(name, kmod.PlanOptions{})
		if errors.Is(err, kernel.ErrNotFound) {
			return nil, false, nil
		}
		if err != nil {
			return nil, false, err
		}
		early = append(early, name)
	}
	return early, true, nil
}

// makeEarly makes in dir a module tree of only the named modules and what they
// depend on, with indexes. The modules are decompressed, since not every kernel
// does that itself (CONFIG_MODULE_DECOMPRESS, Linux 5.17).
func makeEarly(ctx context.Context, k Kernel, names []string, dir string) error {
	t, err := kmod.OpenTree(k.Modules)
	if err != nil {
		return err
	}
	defer t.Close()
	t.OnDamage(func(error) {}) // earlyModules asked for the same names and told it
	r := kmod.NewResolver(t, nil)
	done := map[string]bool{}
	for _, name := range names {
		steps, err := r.Plan(name, kmod.PlanOptions{})
		if err != nil {
			return err
		}
		for _, s := range steps {
			if s.Builtin || s.File == "" || done[s.File] {
				continue
			}
			done[s.File] = true
			if err := copyModule(t, s.File, dir); err != nil {
				return err
			}
		}
	}
	builtin := filepath.Join(k.Modules, "modules.builtin")
	if err := copyFile(builtin, filepath.Join(dir, "modules.builtin")); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return depmod(ctx, dir, k.Release, nil)
}

// copyModule writes a module of the tree, decompressed, to its place below dir.
func copyModule(t *kmod.Tree, file, dir string) error {
	f, err := t.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	image, err := kmod.OpenImage(f, file)
	if err != nil {
		return err
	}
	base, _, found := strings.Cut(path.Base(file), ".ko")
	if !found {
		return fmt.Errorf("module %s: %w: no module file", file, kernel.ErrDamaged)
	}
	to := filepath.Join(dir, filepath.FromSlash(path.Dir(file)), base+".ko")
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, image, 0o644)
}
