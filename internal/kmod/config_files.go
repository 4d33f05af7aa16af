package kmod

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
)

// configSource is where configuration is read: on this machine, or where fsys is
// set, of another, whose files stand in it as they stood below "/" there.
type configSource struct{ fsys fs.FS }

func (c configSource) stat(name string) (fs.FileInfo, error) {
	if c.fsys == nil {
		return os.Stat(name)
	}
	return fs.Stat(c.fsys, inFS(name))
}

func (c configSource) readDir(name string) ([]fs.DirEntry, error) {
	if c.fsys == nil {
		return os.ReadDir(name)
	}
	return fs.ReadDir(c.fsys, inFS(name))
}

// open opens a file that a person named, as openGiven does.
func (c configSource) open(name string) (fs.File, error) {
	if c.fsys == nil {
		return openGiven(name)
	}
	return c.fsys.Open(inFS(name))
}

// addFile puts a file in its place among the files.
func (c *Config) addFile(name string) {
	f := configFile{base: path.Base(name), path: name}
	i, found := slices.BinarySearchFunc(c.files, f, compareConfigFiles)
	if found {
		if c.files[i].path != name {
			c.warn("%s: not read, shadowed by %s", name, c.files[i].path)
		}
		return
	}
	c.files = slices.Insert(c.files, i, f)
}

func compareConfigFiles(a, b configFile) int { return cmp.Compare(a.base, b.base) }

// readFile reads one file. One that cannot be opened is passed over, as kmod
// does: a configuration for root only must not hinder others from asking. So is what
// is no file and does not end; but of a file that is too large all would count.
func (c *Config) readFile(f *configFile) error {
	b, err := c.readBytes(f.path)
	if err != nil {
		f.hidden = fmt.Sprint(errors.Unwrap(err))
		if errors.As(err, new(noEnd)) { // kmod reads it for ever, or until its memory is used up
			f.said = append(f.said, f.path+": passed over: "+f.hidden)
		}
		return nil
	}
	if len(b) > maxConfigFile {
		return fmt.Errorf("configuration: %s is larger than %d MiB, more than is read of one file: leave out of it what is about no module of this machine", f.path, maxConfigFile>>20)
	}
	f.parse(b)
	return nil
}

// readBytes reads a file, at most a byte more than it may have.
func (c *Config) readBytes(name string) ([]byte, error) {
	if c.fsys == nil {
		b, err := readRaw(name, maxConfigFile)
		if errors.Is(err, errNotRegular) {
			return readPipe(name, maxConfigFile)
		}
		return b, err
	}
	return fs.ReadFile(c.fsys, inFS(name))
}

// inFS is an absolute path as a file system has it.
func inFS(name string) string { return strings.TrimPrefix(path.Clean(name), "/") }

// maxDevice bounds what is read of a device, in bytes: nobody types as much.
const maxDevice = 1 << 20

// noEnd says that what is no file has more than so many bytes.
type noEnd int

func (e noEnd) Error() string {
	return fmt.Sprintf("no regular file, and no end of it after %d MiB", int(e)>>20)
}

// readPipe reads what is no regular file; more than limit bytes, or maxDevice of a
// device, are an error. A pipe that nobody writes to is empty; nothing is waited
// for but a writer that is there.
func readPipe(name string, limit int) ([]byte, error) {
	f, err := openGiven(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if st, err := f.Stat(); err == nil && st.Mode()&fs.ModeDevice != 0 {
		limit = min(limit, maxDevice)
	}
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err == nil && len(b) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: noEnd(limit)}
	}
	return b, err
}
