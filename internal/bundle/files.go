package bundle

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// errNoContent is the error of a file of which a bundle has only name and size.
var errNoContent = errors.New("the bundle has its name and size only, not its content")

// memory is a read-only file system of what a bundle holds.
type memory struct {
	files map[string]*entry
	dirs  map[string][]fs.DirEntry // sorted by name
}

// entry is a file, or a directory.
type entry struct {
	name  string // last part
	data  []byte
	size  int64
	time  time.Time
	dir   bool
	empty bool // only its name is known
}

func newMemory() *memory {
	return &memory{files: map[string]*entry{".": {name: ".", dir: true}}, dirs: map[string][]fs.DirEntry{".": nil}}
}

// add adds a file and the directories above it. A name that is a directory
// already, or below a file, is left out.
func (m *memory) add(name string, e entry) {
	if !fs.ValidPath(name) || m.files[name] != nil {
		return
	}
	var above []string
	for dir := path.Dir(name); ; dir = path.Dir(dir) {
		if have := m.files[dir]; have != nil {
			if !have.dir {
				return
			}
			break
		}
		above = append(above, dir)
	}
	for _, dir := range slices.Backward(above) {
		m.put(dir, &entry{name: path.Base(dir), dir: true})
		m.dirs[dir] = nil
	}
	e.name = path.Base(name)
	m.put(name, &e)
}

func (m *memory) put(name string, e *entry) {
	m.files[name] = e
	dir := path.Dir(name)
	m.dirs[dir] = append(m.dirs[dir], fs.FileInfoToDirEntry(info{e}))
}

// sort puts directories in order, once all is added.
func (m *memory) sort() {
	for _, list := range m.dirs {
		slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	}
}

func (m *memory) find(op, name string) (*entry, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrInvalid}
	}
	e := m.files[name]
	if e == nil {
		return nil, &fs.PathError{Op: op, Path: name, Err: fs.ErrNotExist}
	}
	return e, nil
}

// Open implements fs.FS.
func (m *memory) Open(name string) (fs.File, error) {
	e, err := m.find("open", name)
	if err != nil {
		return nil, err
	}
	if e.empty {
		return nil, &fs.PathError{Op: "open", Path: name, Err: errNoContent}
	}
	if e.dir {
		return &openDir{e: e, rest: slices.Clone(m.dirs[name])}, nil
	}
	return &openFile{e, bytes.NewReader(e.data)}, nil
}

// Stat implements fs.StatFS.
func (m *memory) Stat(name string) (fs.FileInfo, error) {
	e, err := m.find("stat", name)
	if err != nil {
		return nil, err
	}
	return info{e}, nil
}

// ReadDir implements fs.ReadDirFS.
func (m *memory) ReadDir(name string) ([]fs.DirEntry, error) {
	e, err := m.find("readdir", name)
	if err != nil {
		return nil, err
	}
	if !e.dir {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: fs.ErrInvalid}
	}
	return slices.Clone(m.dirs[name]), nil
}

// openFile is a file that is read.
type openFile struct {
	e *entry
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) { return info{f.e}, nil }
func (f *openFile) Close() error               { return nil }

// openDir is a directory that is read.
type openDir struct {
	e    *entry
	rest []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) { return info{d.e}, nil }
func (d *openDir) Close() error               { return nil }

func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.e.name, Err: fs.ErrInvalid}
}

// ReadDir implements fs.ReadDirFile.
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(d.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(d.rest) {
		n = len(d.rest)
	}
	out := d.rest[:n]
	d.rest = d.rest[n:]
	return out, nil
}

var _ io.ReaderAt = (*openFile)(nil)

// info describes an entry.
type info struct{ *entry }

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) ModTime() time.Time { return i.time }
func (i info) IsDir() bool        { return i.dir }
func (i info) Sys() any           { return nil }

func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

// treeFS is the module tree: the indexes with their content, module files
// without.
func (c *Content) treeFS() fs.FS {
	m := newMemory()
	times := map[string]time.Time{}
	for _, f := range c.Files {
		times[f.Path] = f.Mtime
	}
	for name, b := range c.Indexes {
		m.add(name, entry{data: b, size: int64(len(b)), time: times[name]})
	}
	for _, f := range c.Files {
		m.add(f.Path, entry{size: f.Size, time: f.Mtime, empty: true})
	}
	m.sort()
	return m
}

// configFS is the configuration, below "." as it was below "/".
func (c *Content) configFS() fs.FS {
	m := newMemory()
	for _, f := range c.Configs {
		m.add(strings.TrimPrefix(f.Path, "/"), entry{data: []byte(f.Text), size: int64(len(f.Text))})
	}
	m.sort()
	return m
}
