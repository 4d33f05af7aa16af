package kmod

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// errNotRegular says that a pipe, a device or a directory is in the place of a
// file.
var errNotRegular = errors.New("not a regular file")

// OpenPlain opens a file to be read and never waits for somebody at the other
// end: a pipe or a device in the place of a file is an error.
func OpenPlain(name string) (*os.File, error) {
	return plain(os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0))
}

// openGiven opens a file that a person named, which may be a pipe from another
// program; one that nobody writes to is empty.
func openGiven(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// plain passes on a file that is no pipe, socket or device.
func plain(f *os.File, err error) (*os.File, error) {
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err == nil && st.Mode()&(fs.ModeNamedPipe|fs.ModeSocket|fs.ModeDevice) != 0 {
		err = &fs.PathError{Op: "open", Path: f.Name(), Err: errNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// fileType is the type of a file that is neither regular nor a directory, as in
// st_mode (inode(7)).
func fileType(m fs.FileMode) int {
	switch {
	case m&fs.ModeNamedPipe != 0:
		return 0o010000
	case m&fs.ModeCharDevice != 0:
		return 0o020000
	case m&fs.ModeDevice != 0:
		return 0o060000
	}
	return 0o140000 // a socket
}

// reasonOf is the text of the errno that an error wraps, as C has it.
func reasonOf(err error) string {
	text := cause(err).Error()
	if errno := kernel.ErrnoOf(err); errno != 0 {
		text = errno.Error()
	}
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
