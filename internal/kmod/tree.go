package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"sync"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// maxIndexFile bounds the size in bytes of an index file. Binary indexes
// address their nodes with 28 bits, so a larger one cannot be sound.
const maxIndexFile = 1 << 28

// maxTextFile bounds the size in bytes of a text index, which is read whole.
// The largest of a distribution kernel (modules.alias) has about 2 MB.
const maxTextFile = 64 << 20

// Tree is one module tree: the directory that plays /lib/modules/RELEASE, with
// its modules and indexes. Indexes are opened when first needed and kept open;
// what a Tree has read it does not read again, so a Tree shows the tree as it
// was then. All methods may be called from any goroutine.
type Tree struct {
	name string
	root *os.Root // nil when the tree is only an fs.FS
	fsys fs.FS
	// host: links are followed out of the tree and absolute paths opened.
	host bool

	onDamage func(error) // told of what is passed over; may be nil
	closed   bool        // what this user may not read is taken for absent

	mu      sync.Mutex
	indexes map[string]*treeIndex
}

// OpenTree opens the tree in dir. Nothing outside dir is ever opened through
// it: symbolic links inside may point only inside (os.Root).
func OpenTree(dir string) (*Tree, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, missingTree(dir)
		}
		return nil, fmt.Errorf("module tree %s: %w", dir, err)
	}
	t := NewTree(root.FS(), dir)
	t.root = root
	return t, nil
}

// OpenHostTree opens the tree in dir as kmod's tools do: symbolic links are
// followed wherever they lead (module packages link into the trees of other
// kernels), the absolute paths that modules.dep has for external directories
// are opened, and a directory that is not there is a tree without anything in
// it. It is for the trees of this system, whose files are their owner's.
func OpenHostTree(dir string) *Tree {
	t := NewTree(nil, dir)
	t.host = true
	return t
}

// NewTree returns a tree over fsys, called name in messages and printed paths.
func NewTree(fsys fs.FS, name string) *Tree {
	return &Tree{name: name, fsys: fsys, indexes: map[string]*treeIndex{}}
}

// Dir returns the directory of the tree, or the name it was given.
func (t *Tree) Dir() string { return t.name }

// OnDisk says whether Dir is a directory of this system and not only a name.
func (t *Tree) OnDisk() bool { return t.host || t.root != nil }

// HasContents says whether the tree's module files hold what a real kernel would
// load: those of a tree that is only described (a bundle's, the simulator's own)
// do not.
func (t *Tree) HasContents() bool { return t.OnDisk() }

// Close closes the indexes and the directory. Files from Open stay open.
func (t *Tree) Close() error {
	err := t.closeIndexes()
	if t.root != nil {
		err = errors.Join(err, t.root.Close())
	}
	return err
}

func (t *Tree) closeIndexes() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var errs []error
	for _, ix := range t.indexes {
		if ix.closer != nil {
			errs = append(errs, ix.closer.Close())
		}
	}
	t.indexes = map[string]*treeIndex{}
	return errors.Join(errs...)
}

// Open opens a file of the tree by its slash-separated path relative to the
// tree. For a tree on disk the file is an *os.File, as finit_module(2) needs.
// The error of a missing file wraps kernel.ErrNotFound.
func (t *Tree) Open(name string) (fs.File, error) {
	if !t.allowed(name) {
		return nil, fmt.Errorf("open %q in %s: %w: not a path inside the tree", name, t.name, kernel.ErrNotFound)
	}
	var f fs.File
	var err error
	switch {
	case t.host:
		f, err = asFile(OpenPlain(t.Path(name)))
	case t.root != nil:
		f, err = asFile(plain(t.root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)))
	default:
		f, err = t.fsys.Open(name)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", t.Path(name), kernel.ErrNotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", t.Path(name), err)
	}
	return f, nil
}

// asFile keeps a nil file nil.
func asFile(f *os.File, err error) (fs.File, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// allowed says whether a path of modules.dep may be opened.
func (t *Tree) allowed(name string) bool {
	return fs.ValidPath(name) || t.host && path.IsAbs(name)
}

// Path returns the path of a file that is named as in modules.dep.
func (t *Tree) Path(name string) string {
	if path.IsAbs(name) {
		return name
	}
	return strings.TrimSuffix(t.name, "/") + "/" + name
}

// hasFile says whether a regular file is at name in the tree.
func (t *Tree) hasFile(name string) bool {
	if !t.allowed(name) {
		return false
	}
	var fi fs.FileInfo
	var err error
	switch {
	case t.host:
		fi, err = os.Stat(t.Path(name))
	case t.root != nil:
		fi, err = t.root.Stat(name)
	default:
		fi, err = fs.Stat(t.fsys, name)
	}
	return err == nil && fi.Mode().IsRegular()
}

// TakeClosedForAbsent has the files of the tree that this user may not read, and
// those below what is no directory, count for nothing, as with kmod, which says
// nothing of them. It is called before any question.
func (t *Tree) TakeClosedForAbsent() { t.closed = true }

// absent says whether an error of opening a file means that there is none.
func (t *Tree) absent(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || t.closed && (errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR))
}

// readText reads a text file of the tree whole. A missing file gives nil and
// no error.
func (t *Tree) readText(name string) ([]byte, error) {
	if t.host {
		b, err := readRaw(t.Path(name), maxTextFile)
		switch {
		case t.absent(err):
			return nil, nil
		case err != nil:
			return nil, err
		case len(b) > maxTextFile:
			return nil, fmt.Errorf("%s: %w: larger than %d bytes", t.Path(name), kernel.ErrDamaged, maxTextFile)
		}
		return b, nil
	}
	f, err := t.Open(name)
	if errors.Is(err, kernel.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxTextFile+1))
	if err != nil {
		return nil, fmt.Errorf("read %s/%s: %w", t.name, name, err)
	}
	if len(b) > maxTextFile {
		return nil, fmt.Errorf("%s/%s: %w: larger than %d bytes", t.name, name, kernel.ErrDamaged, maxTextFile)
	}
	return b, nil
}

// openReaderAt opens a file for random access. A file system whose files have
// no ReadAt gives a copy in memory.
func (t *Tree) openReaderAt(name string) (io.ReaderAt, int64, io.Closer, error) {
	if t.host {
		f, size, err := openRaw(t.Path(name))
		switch {
		case t.absent(err):
			return nil, 0, nil, fmt.Errorf("%s: %w", t.Path(name), kernel.ErrNotFound)
		case err != nil:
			return nil, 0, nil, err
		case size > maxIndexFile:
			f.Close()
			return nil, 0, nil, fmt.Errorf("%s: %w: larger than %d bytes", t.Path(name), kernel.ErrDamaged, maxIndexFile)
		}
		return f, size, f, nil
	}
	f, err := t.Open(name)
	if err != nil {
		return nil, 0, nil, err
	}
	fi, err := f.Stat()
	if err == nil && !fi.Mode().IsRegular() {
		err = errors.New("not a regular file")
	}
	if err != nil {
		f.Close()
		return nil, 0, nil, fmt.Errorf("%s/%s: %w", t.name, name, err)
	}
	if fi.Size() > maxIndexFile {
		f.Close()
		return nil, 0, nil, fmt.Errorf("%s/%s: %w: larger than %d bytes", t.name, name, kernel.ErrDamaged, maxIndexFile)
	}
	if r, ok := f.(io.ReaderAt); ok {
		return r, fi.Size(), f, nil
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxIndexFile))
	if err != nil {
		return nil, 0, nil, fmt.Errorf("read %s/%s: %w", t.name, name, err)
	}
	return bytes.NewReader(b), int64(len(b)), nil, nil
}

// moduleNameOf turns the path of a module file into the module's name: the
// base name up to its first dot, dashes as underscores (libkmod,
// path_to_modname). It is "" when nothing is left.
func moduleNameOf(file string) string {
	base := path.Base(file)
	if file == "" || base == "/" {
		return ""
	}
	base, _, _ = strings.Cut(base, ".")
	return kernel.Normalize(base)
}
