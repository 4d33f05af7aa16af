package lab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Where the modules that kmodsh itself brings lie in a guest's tree.
const (
	extraDir = "kmodsh"
	// plainDir holds files that are no modules, for what a loader makes of
	// them.
	plainDir = "kmodsh-damaged"
)

// plainFiles are those files.
var plainFiles = map[string]string{"twobytes": "no"}

// withExtra returns the kernel with a module tree that also has the modules in
// the directory dir, which has the given fingerprint: the test driver and the
// modules that scenarios name. The tree is a copy in the cache, made of hard
// links where that is possible.
func (c *Cache) withExtra(ctx context.Context, k Kernel, tree, dir, fingerprint string, p Progress) (Kernel, string, error) {
	key := newFingerprint("tree with extra 1")
	key.add(tree, fingerprint)
	name := k.Release + "_" + key.key()
	err := c.once(ctx, treesDir, name, p, func(tmp string) error {
		p.step("copy", 0, 0, k.Modules)
		to := filepath.Join(tmp, "lib/modules", k.Release)
		for _, sub := range []string{extraDir, plainDir} {
			if err := os.MkdirAll(filepath.Join(to, sub), 0o755); err != nil {
				return err
			}
		}
		if err := copyTree(ctx, k, to); err != nil {
			return err
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".ko") {
				if err := copyFile(filepath.Join(dir, e.Name()), filepath.Join(to, extraDir, e.Name())); err != nil {
					return err
				}
			}
		}
		for name, text := range plainFiles {
			if err := os.WriteFile(filepath.Join(to, plainDir, name), []byte(text), 0o644); err != nil {
				return err
			}
		}
		return depmod(ctx, to, k.Release, p)
	})
	if err != nil {
		return Kernel{}, "", fmt.Errorf("adding the test modules to the tree of %s: %w", k.Release, err)
	}
	k.Modules = filepath.Join(c.path(treesDir, name), "lib/modules", k.Release)
	return k, key.key(), nil
}
