package sim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

// maxBuiltinIndex bounds what is read of modules.builtin and
// modules.builtin.modinfo, in bytes; a distribution's have about 1 MB.
const maxBuiltinIndex = 64 << 20

// realTree is a module tree made by depmod for a real kernel, from which
// modules are taken as they are needed.
type realTree struct {
	fsys     fs.FS
	release  string
	resolver *kmod.Resolver

	mu    sync.Mutex
	files map[string]*File // by path
}

// InstallTree makes a system from the real module tree in dir, that is
// /lib/modules/RELEASE or stands for it. A module's file is read when it is
// first loaded; what the model needs of it comes from its ELF facts: symbols,
// parameters, version, licence, signature, vermagic. Its code is not run: init
// and exit succeed at once. config are the modprobe.d files or directories.
//
// Symbols that no module of the tree exports are taken for the kernel's own.
// Nothing outside dir is opened (os.Root).
func InstallTree(dir string, config ...string) (*System, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("module tree %s: %w: no such directory", dir, kernel.ErrNotFound)
		}
		return nil, fmt.Errorf("module tree %s: %w", dir, err)
	}
	return installTree(root.FS(), filepath.Base(filepath.Clean(dir)), dir, config)
}

func installTree(fsys fs.FS, release, name string, config []string) (*System, error) {
	if _, err := fs.Stat(fsys, "modules.dep"); err != nil {
		return nil, fmt.Errorf("module tree %s: %w: no modules.dep; make one with: kmodsh depmod", name, kernel.ErrNotFound)
	}
	c, err := kmod.ReadConfig(config, "")
	if err != nil {
		return nil, err
	}
	tree := &realTree{fsys: fsys, release: release, files: map[string]*File{}}
	s := &System{release: release, fs: tree, tree: tree, config: c}
	t := kmod.NewTree(tree, name)
	t.OnDamage(s.damage.Add) // what a world does is the same whoever comes across it first
	tree.resolver = kmod.NewResolver(t, c)
	s.resolver = tree.resolver
	if s.builtins, err = builtinNames(fsys); err != nil {
		return nil, fmt.Errorf("module tree %s: %w", name, err)
	}
	if s.dirs, err = builtinDirs(fsys); err != nil {
		return nil, fmt.Errorf("module tree %s: %w", name, err)
	}
	return s, nil
}

// builtinNames reads modules.builtin: one path a line.
func builtinNames(fsys fs.FS) (names []string, err error) {
	err = eachPart(fsys, "modules.builtin", '\n', func(line string) {
		if base := path.Base(strings.TrimSpace(line)); strings.HasSuffix(base, ".ko") {
			names = append(names, kernel.Normalize(strings.TrimSuffix(base, ".ko")))
		}
	})
	return names, err
}

// builtinDirs returns the modules in the kernel image that have a directory in
// /sys/module: those with parameters or a version (kernel/params.c,
// param_sysfs_builtin and version_sysfs_builtin), by modules.builtin.modinfo,
// which holds NAME.FIELD=VALUE strings with zero bytes between.
func builtinDirs(fsys fs.FS) (dirs []string, err error) {
	err = eachPart(fsys, "modules.builtin.modinfo", 0, func(field string) {
		key, _, _ := strings.Cut(field, "=")
		name, what, _ := strings.Cut(key, ".")
		if what == "parmtype" || what == "version" {
			dirs = append(dirs, kernel.Normalize(name))
		}
	})
	slices.Sort(dirs)
	return slices.Compact(dirs), err
}

// eachPart hands over the parts of a file between separators; a missing file
// has none.
func eachPart(fsys fs.FS, name string, sep byte, each func(string)) error {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	scan := bufio.NewScanner(io.LimitReader(f, maxBuiltinIndex))
	scan.Split(func(data []byte, end bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, sep); i >= 0 {
			return i + 1, data[:i], nil
		}
		if end && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for scan.Scan() {
		if scan.Text() != "" {
			each(scan.Text())
		}
	}
	if err := scan.Err(); err != nil {
		return fmt.Errorf("%s: %w: %w", name, kernel.ErrDamaged, err)
	}
	return nil
}

// hash takes the tree's index of modules for the whole.
func (t *realTree) hash(h io.Writer) {
	f, err := t.fsys.Open("modules.dep")
	if err != nil {
		return
	}
	defer f.Close()
	_, _ = io.Copy(h, f) // what cannot be read is the same nothing each time
}
