package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"example.org/kmodsh/internal/inject"
)

// driverFormat names what BuildDriver makes and the version of its maker.
const driverFormat = "driver 1"

// errNoDriver says that the test driver has not been built for a kernel.
var errNoDriver = errors.New("the test driver has not been built for this kernel")

// Driver is a test driver that was built.
type Driver struct {
	Kernel   string `json:"kernel"`   // release it is for
	Path     string `json:"path"`     // of the module
	Compiler string `json:"compiler"` // that built it, "" when it was there already
	Built    bool   `json:"built"`    // just now
}

// DriverHint returns the command that builds the test driver for a kernel.
func DriverHint(k Kernel) string {
	name := k.Release
	if k.Source == SourceFetched {
		name = Series(k.Release)
	}
	if k.Source == SourcePath {
		modules := ""
		if k.given != "" {
			modules = " --modules " + k.given
		}
		return "kmodsh --kernel " + k.Name + modules + " lab driver build"
	}
	return "kmodsh lab driver build " + name
}

// BuildDriver builds the test driver for a kernel, unless the same source was
// built for it by the same compiler. It takes some seconds, and for a fetched
// kernel the time to get its header packages once. What is missing is an
// *inject.MissingError, which names the package that has it.
func (c *Cache) BuildDriver(ctx context.Context, k Kernel, p Progress) (Driver, error) {
	d, err := c.buildDriver(ctx, k, p)
	var missing *inject.MissingError
	if errors.As(err, &missing) && missing.Package != "" {
		err = fmt.Errorf("%s is needed to build the test driver and is not here; install it: %s: %w", missing.What, installCommand(missing.Package), missing.Err)
	}
	return d, err
}

func (c *Cache) buildDriver(ctx context.Context, k Kernel, p Progress) (Driver, error) {
	if k.Source == SourcePath {
		if err := k.checkConfig(driverWants, "take the test driver"); err != nil {
			return Driver{}, err
		}
	}
	id, err := driverKey(k)
	if err != nil {
		return Driver{}, err
	}
	tree, err := c.buildTree(ctx, k, p)
	if err != nil {
		return Driver{}, err
	}
	cc, err := inject.FindCompiler(ctx, tree)
	if err != nil {
		return Driver{}, err
	}
	by := newFingerprint("compiler")
	by.add(cc.Version)
	name := id + "_" + by.key()
	d := Driver{Kernel: k.Release, Path: c.path(driversDir, name), Compiler: cc.Version}
	err = c.once(ctx, driversDir, name, p, func(to string) error {
		d.Built = true
		p.step("driver", 0, 0, k.Release)
		tmp, err := c.TempDir("driver")
		if err != nil {
			return err
		}
		defer tmp.Close()
		module, err := inject.Build(ctx, tmp.Path, inject.BuildOptions{Tree: tree, Release: k.Release, Compiler: cc})
		if err != nil {
			return err
		}
		return os.Rename(module, to)
	})
	if err != nil {
		return Driver{}, cacheError(c.dir, err)
	}
	return d, nil
}

// driverKey is the part of a driver's name that says for which kernel it is,
// and of which source.
func driverKey(k Kernel) (string, error) { return kernelKey(k, driverFormat, inject.SourceKey()) }

// kernelKey is a name for what is made of a source for a kernel.
func kernelKey(k Kernel, format, source string) (string, error) {
	key := newFingerprint(format)
	key.add(source, k.Release, k.Fingerprint)
	if k.Source != SourceFetched {
		image, err := fileFingerprint(k.Image)
		if err != nil {
			return "", err
		}
		key.add(image)
	}
	return k.Release + "_" + key.key(), nil
}

// FindDriver returns the test driver that was built for a kernel last, of this
// source. The error wraps fs.ErrNotExist when there is none, and holds the
// command that builds it.
func (c *Cache) FindDriver(k Kernel) (Driver, error) {
	id, err := driverKey(k)
	if err != nil {
		return Driver{}, err
	}
	var best cacheItem
	for _, it := range c.items(driversDir) {
		if strings.HasPrefix(filepath.Base(it.path), id+"_") && it.used.After(best.used) {
			best = it
		}
	}
	if best.path == "" {
		return Driver{}, fmt.Errorf("%w; build it: %s (%w)", errNoDriver, DriverHint(k), fs.ErrNotExist)
	}
	c.use(best.path)
	return Driver{Kernel: k.Release, Path: best.path}, nil
}
