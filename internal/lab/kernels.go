package lab

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Where a kernel comes from.
const (
	SourceFetched = "fetched" // from the distribution, into the cache
	SourceHost    = "host"    // installed on this machine
	SourcePath    = "path"    // named by a person
)

// Kernel is a kernel that can be booted in a VM.
type Kernel struct {
	Name    string `json:"name"`              // short name that finds it: "6.1", "host", a path
	Release string `json:"release"`           // as uname -r prints it
	Image   string `json:"image"`             // path of a bzImage or vmlinux
	Modules string `json:"modules,omitempty"` // directory that plays /lib/modules/RELEASE, "" for none
	Source  string `json:"source"`            // one of the Source constants
	Package string `json:"package,omitempty"` // Debian package, of a fetched one
	Version string `json:"version,omitempty"` // its version
	// Fingerprint of the tree of a fetched kernel, which never changes.
	Fingerprint string `json:"fingerprint,omitempty"`
	Format      int    `json:"format,omitempty"` // version of what was made of the package
	// build is the build tree of a kernel that was named by it; given the
	// module directory as a person named it.
	build, given string
}

// Series returns the first two numbers of a release: "6.1" of "6.1.0-56-amd64".
func Series(release string) string {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return release
	}
	minor := parts[1]
	if i := strings.IndexFunc(minor, func(r rune) bool { return r < '0' || r > '9' }); i >= 0 {
		minor = minor[:i]
	}
	return parts[0] + "." + minor
}

// maxRelease is the longest release: __NEW_UTS_LEN of include/uapi/linux/utsname.h.
const maxRelease = 64

// checkRelease refuses what cannot be a kernel release, so that one read from
// a file never becomes a path that leads elsewhere.
func checkRelease(release string) error {
	if release == "" || len(release) > maxRelease || release[0] < '0' || release[0] > '9' {
		return fmt.Errorf("%.70q is no kernel release (1 to %d characters, a digit first): %w", release, maxRelease, kernel.ErrDamaged)
	}
	for i := 0; i < len(release); i++ {
		c := release[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("._+-~:", c) >= 0 {
			continue
		}
		return fmt.Errorf("%.70q is no kernel release (character %q): %w", release, c, kernel.ErrDamaged)
	}
	return nil
}

// Kernels returns the kernels there are: fetched ones and this machine's own,
// by source and then newest first.
func (c *Cache) Kernels() ([]Kernel, error) {
	fetched, err := c.fetched()
	if err != nil {
		return nil, err
	}
	host, err := hostKernels("/")
	if err != nil {
		return nil, err
	}
	return append(fetched, host...), nil
}

// kernelFile describes a fetched kernel. It is written last, so a directory
// without it is no kernel.
const kernelFile = "kernel.json"

func (c *Cache) fetched() ([]Kernel, error) {
	entries, err := os.ReadDir(c.path(kernelsDir))
	if err != nil {
		return nil, cacheError(c.dir, err)
	}
	var ks []Kernel
	for _, e := range entries {
		k, err := readKernel(c.path(kernelsDir, e.Name()))
		if err != nil {
			continue // not one of ours, or being removed: doctor tells
		}
		ks = append(ks, k)
	}
	sortKernels(ks)
	return ks, nil
}

// readKernel reads the description in dir. The paths follow from dir, so that a
// cache can be moved.
func readKernel(dir string) (Kernel, error) {
	f, err := os.Open(filepath.Join(dir, kernelFile))
	if err != nil {
		return Kernel{}, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, 64<<10))
	if err != nil {
		return Kernel{}, err
	}
	var k Kernel
	if err := json.Unmarshal(b, &k); err != nil {
		return Kernel{}, fmt.Errorf("%s: %w: %v", f.Name(), kernel.ErrDamaged, err)
	}
	if err := checkRelease(k.Release); err != nil {
		return Kernel{}, fmt.Errorf("%s: %w", f.Name(), err)
	}
	if k.Format != fetchedFormat {
		return Kernel{}, fmt.Errorf("%s: made by another version of kmodsh", f.Name())
	}
	k.Name, k.Source = Series(k.Release), SourceFetched
	k.Image, k.Modules = filepath.Join(dir, "boot", "vmlinuz-"+k.Release), filepath.Join(dir, "lib/modules", k.Release)
	for _, p := range []string{k.Image, k.Modules} {
		if _, err := os.Stat(p); err != nil {
			return Kernel{}, err
		}
	}
	return k, nil
}

// sortKernels puts the newest first.
func sortKernels(ks []Kernel) {
	slices.SortStableFunc(ks, func(a, b Kernel) int {
		return cmp.Or(-compareVersions(a.Release, b.Release), -compareVersions(a.Version, b.Version))
	})
}

// UnknownKernelError says that a name stands for no kernel, and what there is.
type UnknownKernelError struct {
	Spec  string
	There []Kernel
}

func (e *UnknownKernelError) Error() string {
	there := "none"
	if len(e.There) > 0 {
		var names []string
		for _, k := range e.There {
			n := fmt.Sprintf("%s (%s)", k.Release, k.Source)
			if !slices.Contains(names, n) {
				names = append(names, n)
			}
		}
		there = strings.Join(names, ", ")
	}
	s := fmt.Sprintf("no kernel %.70q here; there is: %s", e.Spec, there)
	if FetchHint(e.Spec) != "" {
		s += "; get it: " + FetchHint(e.Spec)
	}
	return s
}

// Is makes errors.Is(err, kernel.ErrNotFound) true.
func (e *UnknownKernelError) Is(target error) bool { return target == kernel.ErrNotFound }

// FetchHint returns the command that fetches the kernel called spec, "" where
// nothing that can be fetched is called so.
func FetchHint(spec string) string {
	if checkSeries(spec) != nil {
		return ""
	}
	return "kmodsh lab fetch " + spec
}

// Find returns the kernel that spec names: "host" for the running one, a
// series such as "6.1" for its newest kernel (a fetched one before the
// host's), or a whole release. An unknown name gives an *UnknownKernelError.
func (c *Cache) Find(spec string) (Kernel, error) {
	ks, err := c.Kernels()
	if err != nil {
		return Kernel{}, err
	}
	if spec == SourceHost {
		release, err := runningRelease()
		if err != nil {
			return Kernel{}, err
		}
		for _, k := range ks {
			if k.Source == SourceHost && k.Release == release {
				return k, nil
			}
		}
		return Kernel{}, fmt.Errorf("the running kernel's image is not here: no readable /boot/vmlinuz-%s with /lib/modules/%[1]s: %w",
			release, &UnknownKernelError{Spec: spec, There: ks})
	}
	for _, k := range ks { // newest first, fetched before host
		if k.Release == spec || Series(k.Release) == spec {
			return k, nil
		}
	}
	return Kernel{}, &UnknownKernelError{Spec: spec, There: ks}
}

// hostKernels finds the kernels installed below root whose image this user can
// read. Debian, Ubuntu and Fedora put it in /boot; Fedora and others also in
// the module tree.
func hostKernels(root string) ([]Kernel, error) {
	var ks []Kernel
	dir := filepath.Join(root, "lib/modules")
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking for this machine's kernels: %w", err)
	}
	for _, e := range entries {
		release := e.Name()
		modules := filepath.Join(dir, release)
		if st, err := os.Stat(modules); err != nil || !st.IsDir() || checkRelease(release) != nil {
			continue
		}
		for _, image := range []string{filepath.Join(root, "boot/vmlinuz-"+release), filepath.Join(modules, "vmlinuz")} {
			if r, err := ImageRelease(image); err == nil && r == release {
				ks = append(ks, Kernel{Name: release, Release: release, Image: image, Modules: modules, Source: SourceHost})
				break
			}
		}
	}
	sortKernels(ks)
	return ks, nil
}
