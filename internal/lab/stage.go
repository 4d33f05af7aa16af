package lab

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// buildFiles are what a kernel build tree has of a module directory at its top.
var buildFiles = []string{"modules.builtin", "modules.builtin.modinfo"}

// tree returns the kernel with a module directory that has indexes: its own,
// if that has any, whatever is in them (an index that is out of date is a
// thing to debug), else a copy in the cache, made of hard links where that is
// possible; of a build tree, the modules that were built in it. The user's tree
// is never written to. The second result is the
// fingerprint of the tree.
func (c *Cache) tree(ctx context.Context, k Kernel, p Progress) (Kernel, string, error) {
	if k.Source == SourceFetched {
		return k, k.Fingerprint, nil
	}
	key := newFingerprint("tree 1")
	if k.Modules != "" {
		f, err := treeFingerprint(k.Modules)
		if err != nil {
			return Kernel{}, "", err
		}
		if hasIndexes(k.Modules) {
			return k, f, nil
		}
		key.add(f)
	} else if k.build != "" {
		f, err := buildFingerprint(k.build)
		if err != nil {
			return Kernel{}, "", err
		}
		key.add(f)
	}
	name := k.Release + "_" + key.key()
	final := c.path(treesDir, name)
	modules := filepath.Join(final, "lib/modules", k.Release)
	err := c.once(ctx, treesDir, name, p, func(tmp string) error {
		p.step("copy", 0, 0, cmp.Or(k.Modules, k.build))
		to := filepath.Join(tmp, "lib/modules", k.Release)
		if err := os.MkdirAll(to, 0o755); err != nil {
			return err
		}
		if err := copyTree(ctx, k, to); err != nil {
			return err
		}
		return depmod(ctx, to, k.Release, p)
	})
	if err != nil {
		return Kernel{}, "", fmt.Errorf("making the indexes of %s: %w", k.Release, err)
	}
	k.Modules = modules
	return k, key.key(), nil
}

// hasIndexes says whether a depmod ever ran in a tree: without modules.dep, or
// its binary form, nothing can be resolved in it.
func hasIndexes(dir string) bool {
	for _, name := range []string{"modules.dep.bin", "modules.dep"} {
		if st, err := os.Stat(filepath.Join(dir, name)); err == nil && st.Mode().IsRegular() {
			return true
		}
	}
	return false
}

// copyTree copies what belongs to the kernel's module tree into to: modules,
// and the files of the build, but no old indexes.
func copyTree(ctx context.Context, k Kernel, to string) error {
	switch {
	case k.Modules == "" && k.build != "":
		return copyBuilt(ctx, k.build, to)
	case k.Modules == "":
		return nil
	}
	list, err := walkTree(k.Modules)
	if err != nil {
		return err
	}
	for _, t := range list {
		if err := ctx.Err(); err != nil {
			return err
		}
		from, dst := filepath.Join(k.Modules, t.path), filepath.Join(to, t.path)
		if t.entry.IsDir() {
			if err := os.MkdirAll(dst, 0o755); err != nil {
				return err
			}
			continue
		}
		top := !strings.Contains(t.path, "/")
		if top && strings.HasPrefix(t.path, "modules.") && !isBuildFile(t.path) || !top && !isModuleFile(t.path) {
			continue
		}
		// A link to a module elsewhere (weak-updates) becomes the module.
		st, err := os.Stat(from)
		if err != nil || !st.Mode().IsRegular() {
			continue
		}
		if t.entry.Type().IsRegular() && os.Link(from, dst) == nil {
			continue
		}
		if err := copyFile(from, dst); err != nil {
			return err
		}
	}
	return nil
}

// isBuildFile says whether a file at the top of a tree was made by the
// kernel's build, not by depmod.
func isBuildFile(name string) bool {
	switch name {
	case "modules.order", "modules.builtin", "modules.builtin.modinfo", "modules.builtin.ranges":
		return true
	}
	return false
}

func copyFile(from, to string) error {
	r, err := os.Open(from)
	if err != nil {
		return err
	}
	defer r.Close()
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if cerr := w.Close(); err == nil {
		err = cerr
	}
	return err
}
