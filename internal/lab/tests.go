package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

// testsFormat names what BuildTests makes and the version of its maker.
const testsFormat = "tests 1"

// BuildTests builds the test modules that scenarios name for a kernel, as
// BuildDriver builds the driver: machines that start afterwards have them in
// their module tree.
func (c *Cache) BuildTests(ctx context.Context, k Kernel, p Progress) error {
	id, err := testsKey(k)
	if err != nil {
		return err
	}
	tree, err := c.buildTree(ctx, k, p)
	if err != nil {
		return err
	}
	cc, err := inject.FindCompiler(ctx, tree)
	if err != nil {
		return err
	}
	by := newFingerprint("compiler")
	by.add(cc.Version)
	err = c.once(ctx, driversDir, id+"_"+by.key(), p, func(to string) error {
		p.step("test modules", 0, 0, k.Release)
		tmp, err := c.TempDir("tests")
		if err != nil {
			return err
		}
		defer tmp.Close()
		if err := inject.BuildTests(ctx, tmp.Path, inject.BuildOptions{Tree: tree, Release: k.Release, Compiler: cc}); err != nil {
			return err
		}
		if err := os.Mkdir(to, 0o755); err != nil {
			return err
		}
		for _, name := range inject.TestModules() {
			if err := os.Rename(filepath.Join(tmp.Path, name+".ko"), filepath.Join(to, name+".ko")); err != nil {
				return err
			}
		}
		return nil
	})
	return cacheError(c.dir, err)
}

// testsKey is the part of the name of a kernel's test modules that says for
// which kernel they are, and of which source.
func testsKey(k Kernel) (string, error) {
	id, err := kernelKey(k, testsFormat, inject.TestsKey())
	return "tests-" + id, err
}

// findTests returns the directory of the test modules that were built for a
// kernel last, of this source, and its name as their fingerprint. The error
// wraps fs.ErrNotExist when there are none.
func (c *Cache) findTests(k Kernel) (dir, key string, err error) {
	id, err := testsKey(k)
	if err != nil {
		return "", "", err
	}
	var best cacheItem
	for _, it := range c.items(driversDir) {
		if strings.HasPrefix(filepath.Base(it.path), id+"_") && it.used.After(best.used) {
			best = it
		}
	}
	if best.path == "" {
		return "", "", fmt.Errorf("no test modules were built for %s: %w", k.Release, fs.ErrNotExist)
	}
	c.use(best.path)
	return best.path, filepath.Base(best.path), nil
}

// lacks returns an error where a name is that of a test module and the machine
// has none of that name: what cannot be tried for it says nothing of the kernel.
func (t *target) lacks(name string) error {
	name = kernel.Normalize(name)
	if !t.boot.NoTests || !slices.Contains(inject.TestModules(), name) || hasModule(t.boot.Kernel.Modules, name) {
		return nil
	}
	return &kernel.UnsupportedError{
		Target: t.name, Op: kernel.OpLoad, Try: []string{"sim"},
		Why: fmt.Sprintf("the test module %s was not built for this kernel; build it: %s", name, DriverHint(t.boot.Kernel)),
	}
}

// hasModule says whether a module tree has a file of a module.
func hasModule(dir, name string) bool {
	if dir == "" {
		return false
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if base, _, ok := strings.Cut(filepath.Base(path), ".ko"); err == nil && ok && !d.IsDir() && kernel.Normalize(base) == name {
			return fs.ErrExist
		}
		return nil
	})
	return errors.Is(err, fs.ErrExist)
}
