package lab

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"example.org/kmodsh/internal/kmod"
	_ "example.org/kmodsh/internal/kmod/unpack/link" // module files are opened here
)

// fetchedFormat is the version of what Fetch makes of a package. A kernel of
// another version is not listed and is fetched anew.
const fetchedFormat = 1

// Fetch gets a kernel of the distribution into the cache: the newest release
// of a series ("6.1") that apt knows, or a whole release ("6.1.0-56-amd64").
// The package is unpacked, not installed; root is not needed. A kernel that is
// there is returned at once; a newer one of a series replaces the older.
// Whatever interrupts it, a half-made kernel is never seen.
func (c *Cache) Fetch(ctx context.Context, spec string, p Progress) (Kernel, error) {
	if err := checkSeries(spec); err != nil {
		return Kernel{}, err
	}
	if k, ok := c.newestFetched(spec); ok && k.Release == spec {
		return k, nil
	}
	if k, ok := c.recall(spec); ok {
		return k, nil
	}
	k, err := c.fetch(ctx, spec, p)
	if err != nil {
		return Kernel{}, cacheError(c.dir, err)
	}
	c.remember(spec, k)
	return k, nil
}

func (c *Cache) fetch(ctx context.Context, spec string, p Progress) (Kernel, error) {
	if err := haveApt(); err != nil {
		return Kernel{}, err
	}
	if _, err := exec.LookPath("mksquashfs"); err != nil {
		return Kernel{}, &ToolError{Tool: "mksquashfs", Package: "squashfs-tools", Err: err}
	}
	unlock, err := c.lock(ctx, "fetch", p)
	if err != nil {
		return Kernel{}, err
	}
	defer unlock()
	tmp, err := c.TempDir("fetch")
	if err != nil {
		return Kernel{}, err
	}
	defer tmp.Close()

	f, err := c.findPackage(ctx, spec, p)
	if err != nil {
		return Kernel{}, err
	}
	if k, ok := c.newestFetched(f.pkg.Release); ok && k.Version == f.Version && k.Package == f.pkg.Name {
		return k, nil
	}
	deb, err := f.download(ctx, tmp.Path, p)
	if errors.Is(err, errStale) && !f.fresh {
		if f, err = c.findUpdated(ctx, spec, p); err == nil {
			deb, err = f.download(ctx, tmp.Path, p)
		}
	}
	if err != nil {
		return Kernel{}, err
	}
	k, err := c.install(ctx, f, deb, p)
	if err == nil && k.Release != spec {
		c.dropOlder(k)
	}
	return k, err
}

// candidate is the package to fetch and the apt that knows it.
type candidate struct {
	apt
	record
	pkg   kernelPackage
	fresh bool // lists got just now
}

func (f candidate) download(ctx context.Context, dir string, p Progress) (string, error) {
	return f.apt.download(ctx, f.pkg, f.Size, dir, p)
}

// findPackage looks in the system's package lists, then in our own, then in
// our own brought up to date.
func (c *Cache) findPackage(ctx context.Context, spec string, p Progress) (candidate, error) {
	p.step("resolve", 0, 0, spec)
	own, err := c.ownApt()
	if err != nil {
		return candidate{}, err
	}
	for _, a := range []apt{systemApt(), own} {
		f, found, err := find(ctx, a, spec)
		if ctx.Err() != nil {
			return candidate{}, ctx.Err()
		}
		if err == nil && found {
			return f, nil
		}
	}
	return c.findUpdated(ctx, spec, p)
}

func (c *Cache) findUpdated(ctx context.Context, spec string, p Progress) (candidate, error) {
	own, err := c.ownApt()
	if err != nil {
		return candidate{}, err
	}
	if err := own.update(ctx, p); err != nil {
		return candidate{}, err
	}
	f, found, err := find(ctx, own, spec)
	if err != nil {
		return candidate{}, err
	}
	if !found {
		names, _ := own.packages(ctx)
		return candidate{}, fmt.Errorf("no package of kernel %s in the sources of apt; there are: %s", spec, listSeries(names))
	}
	f.fresh = true
	return f, nil
}

func find(ctx context.Context, a apt, spec string) (candidate, bool, error) {
	names, err := a.packages(ctx)
	if err != nil {
		return candidate{}, false, err
	}
	pkg, found := pickPackage(names, spec)
	if !found {
		return candidate{}, false, nil
	}
	r, err := a.show(ctx, pkg.Name)
	return candidate{apt: a, record: r, pkg: pkg}, err == nil, err
}

// install makes a kernel of the cache out of a package.
func (c *Cache) install(ctx context.Context, f candidate, deb string, p Progress) (Kernel, error) {
	tmp, err := c.TempDir("kernel")
	if err != nil {
		return Kernel{}, err
	}
	defer tmp.Close()
	// The tree, and at most as much again for the disk image.
	if err := needSpace(c.dir, 2*f.Installed); err != nil {
		return Kernel{}, err
	}
	work := filepath.Join(tmp.Path, "new")
	if err := os.Mkdir(work, 0o755); err != nil {
		return Kernel{}, err
	}
	root, err := os.OpenRoot(work)
	if err != nil {
		return Kernel{}, err
	}
	defer root.Close()
	release, err := unpackDeb(ctx, deb, root, f.Installed, p)
	if err != nil {
		return Kernel{}, err
	}
	if release != f.pkg.Release {
		return Kernel{}, fmt.Errorf("package %s holds kernel %s, not %s", f.pkg.Name, release, f.pkg.Release)
	}
	image := filepath.Join(work, "boot", "vmlinuz-"+release)
	if inside, err := ImageRelease(image); err != nil || inside != release {
		return Kernel{}, fmt.Errorf("package %s: its image says it is kernel %q: %w", f.pkg.Name, inside, err)
	}
	modules := filepath.Join(work, "lib/modules", release)
	if err := depmod(ctx, modules, release, p); err != nil {
		return Kernel{}, err
	}
	k := Kernel{Release: release, Package: f.pkg.Name, Version: f.Version, Format: fetchedFormat}
	key := newFingerprint("fetched")
	key.add(k.Package, k.Version, fmt.Sprint(fetchedFormat))
	k.Fingerprint = key.key()
	b, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		return Kernel{}, err
	}
	if err := os.WriteFile(filepath.Join(work, kernelFile), append(b, '\n'), 0o644); err != nil {
		return Kernel{}, err
	}
	k.Modules = modules
	if _, err := c.disk(ctx, k, k.Fingerprint, p); err != nil {
		return Kernel{}, err
	}
	dir := c.path(kernelsDir, release+"_"+k.Fingerprint)
	if err := removeAll(dir); err != nil { // of another format, or damaged
		return Kernel{}, err
	}
	if err := publish(work, dir); err != nil {
		return Kernel{}, err
	}
	return readKernel(dir)
}

// depmod makes the indexes of a module tree.
func depmod(ctx context.Context, dir, release string, p Progress) error {
	_, err := kmod.Depmod(ctx, kmod.DepmodOptions{Dir: dir, Release: release, Progress: func(done, total int) {
		p.step("depmod", int64(done), int64(total), release)
	}})
	return err
}

// newestFetched returns the newest fetched kernel of a release or series.
func (c *Cache) newestFetched(spec string) (Kernel, bool) {
	ks, err := c.fetched()
	if err != nil {
		return Kernel{}, false
	}
	for _, k := range ks {
		if k.Release == spec || Series(k.Release) == spec {
			return k, true
		}
	}
	return Kernel{}, false
}

// dropOlder removes the fetched kernels that k replaces. A machine that runs
// one of them keeps its open files.
func (c *Cache) dropOlder(k Kernel) {
	ks, err := c.fetched()
	if err != nil {
		return
	}
	for _, old := range ks {
		if Series(old.Release) == Series(k.Release) && old.Image != k.Image {
			c.remove(filepath.Dir(filepath.Dir(old.Image)))
		}
	}
}

// remove takes something out of the cache: out of sight at once, then off the
// disk, so that nobody ever finds half of it.
func (c *Cache) remove(path string) error {
	tmp, err := c.TempDir("remove")
	if err != nil {
		return err
	}
	defer tmp.Close()
	return os.Rename(path, filepath.Join(tmp.Path, "gone"))
}
