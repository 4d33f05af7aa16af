package sim

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

// memFS is a read-only file system in memory: the simulated system's module
// tree. Its module files carry the File they stand for.
type memFS struct {
	files map[string]*memFile
}

type memFile struct {
	name   string
	data   []byte
	module *File // nil for an index
}

// Open implements fs.FS. Directories can be opened and listed, too.
func (m *memFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if f, ok := m.files[name]; ok {
		return &openFile{memFile: f, Reader: bytes.NewReader(f.data)}, nil
	}
	if list := m.list(name); list != nil {
		return &openDir{name: name, list: list}, nil
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// list returns the entries directly below dir, sorted; nil when there is none.
func (m *memFS) list(dir string) (list []fs.DirEntry) {
	prefix := dir + "/"
	if dir == "." {
		prefix = ""
	}
	seen := map[string]bool{}
	for name := range m.files {
		rest, ok := strings.CutPrefix(name, prefix)
		if !ok {
			continue
		}
		first, _, deeper := strings.Cut(rest, "/")
		if seen[first] {
			continue
		}
		seen[first] = true
		info := fileInfo{name: first, dir: deeper}
		if !deeper {
			info.size = int64(len(m.files[name].data))
		}
		list = append(list, fs.FileInfoToDirEntry(info))
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list
}

type openFile struct {
	*memFile
	*bytes.Reader
}

func (f *openFile) Stat() (fs.FileInfo, error) {
	return fileInfo{name: path.Base(f.name), size: int64(len(f.data)), sys: f.module}, nil
}
func (f *openFile) Close() error { return nil }

type openDir struct {
	name string
	list []fs.DirEntry
}

func (d *openDir) Stat() (fs.FileInfo, error) {
	return fileInfo{name: path.Base(d.name), dir: true}, nil
}
func (d *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: d.name, Err: fs.ErrInvalid}
}
func (d *openDir) Close() error { return nil }
func (d *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	list := d.list
	d.list = nil
	return list, nil
}

type fileInfo struct {
	name string
	size int64
	dir  bool
	sys  *File
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) ModTime() time.Time { return time.Time{} }
func (i fileInfo) IsDir() bool        { return i.dir }
func (i fileInfo) Sys() any           { return i.sys }
func (i fileInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}
