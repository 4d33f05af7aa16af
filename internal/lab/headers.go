package lab

import (
	"archive/tar"
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

// headersFormat names what headers makes and the version of its maker.
const headersFormat = "headers 1"

// buildTree returns the directory that modules for the kernel are built
// against: of a fetched kernel the header packages of the same version, which
// are fetched and unpacked, not installed; of a build tree that itself; of any
// other what its module directory's build leads to.
func (c *Cache) buildTree(ctx context.Context, k Kernel, p Progress) (string, error) {
	switch {
	case k.Source == SourceFetched:
		return c.headers(ctx, k, p)
	case k.build != "":
		return k.build, nil
	case k.Modules == "":
		return "", &inject.MissingError{What: "a build tree of kernel " + k.Release, Package: "linux-headers-" + k.Release}
	}
	dir, err := filepath.EvalSymlinks(filepath.Join(k.Modules, "build"))
	if err != nil {
		return "", &inject.MissingError{What: "the headers of kernel " + k.Release, Package: "linux-headers-" + k.Release, Err: err}
	}
	return dir, nil
}

// headers returns the build tree out of the header packages of a fetched kernel.
func (c *Cache) headers(ctx context.Context, k Kernel, p Progress) (string, error) {
	key := newFingerprint(headersFormat)
	key.add(k.Fingerprint)
	name := k.Release + "_" + key.key()
	err := c.once(ctx, headersDir, name, p, func(to string) error { return c.fetchHeaders(ctx, k, to, p) })
	if err != nil {
		return "", fmt.Errorf("the headers of kernel %s: %w", k.Release, cacheError(c.dir, err))
	}
	return c.path(headersDir, name, headersTree(k.Release)), nil
}

func headersTree(release string) string { return "usr/src/linux-headers-" + release }

func (c *Cache) fetchHeaders(ctx context.Context, k Kernel, to string, p Progress) error {
	if err := haveApt(); err != nil {
		return err
	}
	unlock, err := c.lock(ctx, "fetch", p)
	if err != nil {
		return err
	}
	defer unlock()
	a, pkgs, err := c.findHeaders(ctx, k, p)
	if err != nil {
		return err
	}
	if err := os.Mkdir(to, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(to)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, pkg := range pkgs {
		if err := c.unpackHeaders(ctx, a, pkg, root, p); err != nil {
			return err
		}
	}
	return mendHeaders(root, k.Release)
}

// headerPackage is a package with its record.
type headerPackage struct {
	record
	name string
}

// findHeaders looks for the packages of exactly the kernel's version.
func (c *Cache) findHeaders(ctx context.Context, k Kernel, p Progress) (apt, []headerPackage, error) {
	own, err := c.ownApt()
	if err != nil {
		return apt{}, nil, err
	}
	p.step("resolve", 0, 0, "headers of "+k.Release)
	there := ""
	for _, a := range []apt{systemApt(), own} {
		pkgs, err := headerPackages(ctx, a, k.Release)
		if ctx.Err() != nil {
			return apt{}, nil, ctx.Err()
		}
		if err != nil {
			continue
		}
		if there = pkgs[0].Version; there == k.Version {
			return a, pkgs, nil
		}
	}
	if err := own.update(ctx, p); err != nil {
		return apt{}, nil, err
	}
	pkgs, err := headerPackages(ctx, own, k.Release)
	if err == nil && pkgs[0].Version == k.Version {
		return own, pkgs, nil
	}
	if err == nil {
		there = pkgs[0].Version
	}
	if there == "" {
		return apt{}, nil, fmt.Errorf("the archive has no package linux-headers-%s any more; fetch a newer kernel: %s", k.Release, FetchHint(Series(k.Release)))
	}
	return apt{}, nil, fmt.Errorf("the kernel here is version %s, the archive's headers are %s; fetch the kernel anew: %s", k.Version, there, FetchHint(Series(k.Release)))
}

// headerPackages returns linux-headers-RELEASE and those it needs of the same
// source: the part common to all flavours, and the build scripts.
func headerPackages(ctx context.Context, a apt, release string) ([]headerPackage, error) {
	names := []string{"linux-headers-" + release}
	first, err := a.show(ctx, names[0])
	if err != nil {
		return nil, err
	}
	pkgs := []headerPackage{{first, names[0]}}
	for dep := range strings.SplitSeq(first.Depends, ",") {
		name, _, _ := strings.Cut(strings.TrimSpace(dep), " ")
		if !strings.HasPrefix(name, "linux-kbuild-") && !(strings.HasPrefix(name, "linux-headers-") && strings.HasSuffix(name, "-common")) {
			continue
		}
		r, err := a.show(ctx, name)
		if err != nil {
			return nil, err
		}
		pkgs = append(pkgs, headerPackage{r, name})
	}
	return pkgs, nil
}

func (c *Cache) unpackHeaders(ctx context.Context, a apt, pkg headerPackage, root *os.Root, p Progress) error {
	tmp, err := c.TempDir("headers")
	if err != nil {
		return err
	}
	defer tmp.Close()
	deb, err := a.download(ctx, kernelPackage{Name: pkg.name}, pkg.Size, tmp.Path, p)
	if err != nil {
		return err
	}
	if err := needSpace(c.dir, pkg.Installed); err != nil {
		return err
	}
	p.step("unpack", 0, 0, pkg.name)
	return readDeb(ctx, deb, func(r io.Reader) error { return extractHeaders(ctx, r, root) })
}

// extractHeaders writes what a header package has below usr into root: files,
// with whether they are programs, and links that stay inside.
func extractHeaders(ctx context.Context, r io.Reader, root *os.Root) error {
	tr := tar.NewReader(r)
	var total int64
	for n := 0; ; n++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := tr.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return fmt.Errorf("%w: %v", kernel.ErrDamaged, err)
		}
		if n == maxDebMembers {
			return fmt.Errorf("%w: more than %d members", kernel.ErrDamaged, maxDebMembers)
		}
		name := path.Clean(strings.TrimPrefix(h.Name, "./"))
		if !fs.ValidPath(name) || len(name) > maxDebName || !strings.HasPrefix(name, "usr/src/") && !strings.HasPrefix(name, "usr/lib/") {
			continue
		}
		switch h.Typeflag {
		case tar.TypeReg:
			if total += h.Size; h.Size < 0 || total > maxDebBytes {
				return fmt.Errorf("%w: more than %d bytes", kernel.ErrDamaged, int64(maxDebBytes))
			}
			if err := extractFile(root, name, h, tr); err != nil {
				return err
			}
			if h.Mode&0o100 != 0 {
				if err := root.Chmod(name, 0o755); err != nil {
					return err
				}
			}
		case tar.TypeSymlink:
			if inside := path.Join(path.Dir(name), h.Linkname); path.IsAbs(h.Linkname) || !fs.ValidPath(inside) {
				continue
			}
			if err := root.MkdirAll(path.Dir(name), 0o755); err != nil {
				return err
			}
			if err := root.Symlink(h.Linkname, name); err != nil {
				return err
			}
		}
	}
}

// mendHeaders makes the makefile of the tree, which names the common part by
// where it would be installed, name the one beside it.
func mendHeaders(root *os.Root, release string) error {
	name := headersTree(release) + "/Makefile"
	b, err := root.ReadFile(name)
	if err != nil {
		return fmt.Errorf("%w: %w", kernel.ErrDamaged, err)
	}
	to, ok := strings.CutPrefix(strings.TrimSpace(string(b)), "include /usr/src/")
	if !ok || strings.ContainsAny(to, " \n") {
		return fmt.Errorf("%w: its Makefile is not the one line Debian's has", kernel.ErrDamaged)
	}
	if err := root.Remove(name); err != nil {
		return err
	}
	return root.WriteFile(name, []byte("include ../"+to+"\n"), 0o644)
}
