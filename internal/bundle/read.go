package bundle

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// Bounds of a bundle that is read, so that no file takes the machine.
const (
	maxUnpacked = 128 << 20 // bytes, of everything together
	maxEntries  = 256
	maxItems    = 1 << 18 // modules, files, lines, parameters: of each list
	maxName     = 4096    // bytes of a path
)

// ReadFile reads a bundle.
func ReadFile(name string) (*Content, error) {
	// Before it is opened: at a pipe one would wait for whoever writes to it.
	if st, err := os.Stat(name); err == nil && !st.Mode().IsRegular() {
		return nil, fmt.Errorf("bundle %s: not a regular file", name)
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, fmt.Errorf("bundle: %w", err)
	}
	defer f.Close()
	c, err := Read(f)
	if err != nil {
		return nil, fmt.Errorf("bundle %s: %w", name, err)
	}
	return c, nil
}

// Read reads a bundle. Its errors wrap kernel.ErrDamaged for what is no bundle,
// or makes no sense, or is larger than any bundle is.
func Read(r io.Reader) (*Content, error) {
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, fmt.Errorf("%w: no bundle: %w", kernel.ErrDamaged, err)
	}
	limited := &io.LimitedReader{R: z, N: maxUnpacked + 1}
	t := tar.NewReader(limited)
	c := &Content{Indexes: map[string][]byte{}}
	seen := map[string]bool{}
	for n := 0; ; n++ {
		h, err := t.Next()
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: it holds more than %d bytes", kernel.ErrDamaged, maxUnpacked)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", kernel.ErrDamaged, err)
		}
		switch {
		case n >= maxEntries:
			return nil, fmt.Errorf("%w: more than %d things inside", kernel.ErrDamaged, maxEntries)
		case h.Typeflag != tar.TypeReg || !fs.ValidPath(h.Name) || seen[h.Name]:
			return nil, fmt.Errorf("%w: %.64q in it is no file of a bundle", kernel.ErrDamaged, h.Name)
		case n == 0 && h.Name != nameManifest:
			return nil, fmt.Errorf("%w: it does not begin with %s", kernel.ErrDamaged, nameManifest)
		}
		seen[h.Name] = true
		b, err := io.ReadAll(t)
		if limited.N <= 0 {
			return nil, fmt.Errorf("%w: it holds more than %d bytes", kernel.ErrDamaged, maxUnpacked)
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %s: %w", kernel.ErrDamaged, h.Name, err)
		}
		if err := c.take(h.Name, b); err != nil {
			return nil, err
		}
	}
	if !seen[nameManifest] {
		return nil, fmt.Errorf("%w: it is empty", kernel.ErrDamaged)
	}
	return c, c.check()
}

// take puts one thing where it belongs. What a later version may have added is
// passed over.
func (c *Content) take(name string, b []byte) error {
	if index, ok := strings.CutPrefix(name, nameIndexes); ok {
		if strings.HasPrefix(index, "modules.") && !strings.Contains(index, "/") {
			c.Indexes[index] = b
		}
		return nil
	}
	into := map[string]any{
		nameManifest: &c.Manifest, jsonNames[PartInfo]: &c.Info, jsonNames[PartSystem]: &c.System, jsonNames[PartStates]: &c.Modules,
		jsonNames[PartParams]: &c.Params, jsonNames[PartVersions]: &c.Versions, jsonNames[PartFiles]: &c.Files,
		jsonNames[PartConfig]: &c.Configs, jsonNames[PartCmdline]: &c.Cmdline, jsonNames[PartLog]: &c.Log, jsonNames[PartChecks]: &c.Checks,
	}[name]
	if into == nil {
		return nil
	}
	if err := json.Unmarshal(b, into); err != nil {
		return fmt.Errorf("%w: %s: %w", kernel.ErrDamaged, name, err)
	}
	if name == nameManifest && (c.Format != Format || c.Version < 1 || c.Version > Version) {
		return fmt.Errorf("%w: it says it is %.32q version %d; this program reads %q up to version %d", kernel.ErrDamaged, c.Format, c.Version, Format, Version)
	}
	return nil
}

// check refuses what no bundle holds, and drops names that would be taken for
// something else.
func (c *Content) check() error {
	if n := max(len(c.Modules), len(c.Versions), len(c.Files), len(c.Configs), len(c.Log), len(c.Params), len(c.Checks), len(c.Config)); n > maxItems {
		return fmt.Errorf("%w: a list of %d", kernel.ErrDamaged, n)
	}
	for _, m := range c.Modules {
		if kernel.CheckModuleName(m.Name) != nil {
			return fmt.Errorf("%w: %.64q is no module", kernel.ErrDamaged, m.Name)
		}
	}
	for _, f := range c.Files {
		if !fs.ValidPath(f.Path) || len(f.Path) > maxName {
			return fmt.Errorf("%w: %.64q is no file of a tree", kernel.ErrDamaged, f.Path)
		}
	}
	seen := map[string]bool{}
	for _, f := range c.Configs {
		if !path.IsAbs(f.Path) || path.Clean(f.Path) != f.Path || len(f.Path) > maxName || seen[f.Path] {
			return fmt.Errorf("%w: %.64q is no path of a configuration", kernel.ErrDamaged, f.Path)
		}
		seen[f.Path] = true
	}
	return nil
}
