package lab

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// kernelConfig is the configuration of a kernel: "y", "m" or the text of each
// option that is set, by its name without CONFIG_.
type kernelConfig struct {
	from  string // the file it was read from
	value map[string]string
}

// has says whether an option is built in, or a module where that does.
func (c *kernelConfig) has(name string) bool {
	v := c.value[name]
	return v == "y" || v == "m"
}

// maxKernelConfig bounds a configuration, in bytes: Debian's have 300 kB.
const maxKernelConfig = 4 << 20

// readKernelConfig reads a configuration as the kernel's build writes it
// (scripts/kconfig/confdata.c): lines "CONFIG_NAME=VALUE", and comments.
func readKernelConfig(r io.Reader, from string) (*kernelConfig, error) {
	c := &kernelConfig{from: from, value: map[string]string{}}
	lines := bufio.NewScanner(io.LimitReader(r, maxKernelConfig))
	lines.Buffer(nil, maxKernelConfig)
	for lines.Scan() {
		name, value, ok := strings.Cut(strings.TrimSpace(lines.Text()), "=")
		if name, is := strings.CutPrefix(name, "CONFIG_"); ok && is {
			c.value[name] = strings.Trim(value, `"`)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("kernel configuration %s: %w", from, err)
	}
	if len(c.value) == 0 {
		return nil, fmt.Errorf("kernel configuration %s: it sets no option: %w", from, fs.ErrNotExist)
	}
	return c, nil
}

// configFiles are where the configuration of a kernel may be, the surest first:
// what its build tree was last built with, the same behind its module
// directory, and where distributions put it.
func (k *Kernel) configFiles() []string {
	var list []string
	for _, tree := range []string{k.build, filepath.Join(k.Modules, "build")} {
		if tree != "" && (tree == k.build || k.Modules != "") {
			list = append(list, filepath.Join(tree, "include/config/auto.conf"), filepath.Join(tree, ".config"))
		}
	}
	list = append(list, filepath.Join(filepath.Dir(k.Image), "config-"+k.Release))
	if k.Modules != "" {
		list = append(list, filepath.Join(k.Modules, "config"))
	}
	return list
}

// config reads the configuration of a kernel out of a file beside it, or, where
// deep says so, out of the image (CONFIG_IKCONFIG), which takes a second. The
// error wraps fs.ErrNotExist when it is in neither.
func (k *Kernel) config(deep bool) (*kernelConfig, error) {
	for _, path := range k.configFiles() {
		f, err := os.Open(path)
		if err != nil {
			continue
		}
		c, err := readKernelConfig(f, path)
		f.Close()
		if err == nil {
			return c, nil
		}
	}
	if deep {
		return imageConfig(k.Image)
	}
	return nil, fmt.Errorf("no configuration beside kernel %s: %w", k.Release, fs.ErrNotExist)
}

// configMark stands before the gzipped configuration in an image
// (kernel/configs.c).
const configMark = "IKCFG_ST"

// imageConfig reads the configuration that a kernel image has in it.
func imageConfig(path string) (*kernelConfig, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var r io.Reader = f // a vmlinux
	if p, err := openPayload(f); err == nil {
		r = p
	}
	b := bufio.NewReaderSize(io.LimitReader(r, maxUnpacked), 1<<20)
	if err := skipPast(b, []byte(configMark)); err != nil {
		return nil, fmt.Errorf("kernel image %s has no configuration in it (CONFIG_IKCONFIG): %w", path, fs.ErrNotExist)
	}
	z, err := gzip.NewReader(b)
	if err != nil {
		return nil, fmt.Errorf("kernel image %s: its configuration: %w", path, err)
	}
	z.Multistream(false)
	return readKernelConfig(z, path)
}

// skipPast reads up to the end of the first mark.
func skipPast(b *bufio.Reader, mark []byte) error {
	for {
		chunk, err := b.Peek(b.Size())
		if i := bytes.Index(chunk, mark); i >= 0 {
			_, err := b.Discard(i + len(mark))
			return err
		}
		if err != nil {
			return err
		}
		// The mark may begin in the last bytes.
		if _, err := b.Discard(len(chunk) - len(mark) + 1); err != nil {
			return err
		}
	}
}
