//go:build !linux

package kmod

import (
	"io"
	"io/fs"
	"os"
)

func openRaw(name string) (*os.File, int64, error) {
	f, err := OpenPlain(name)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = &fs.PathError{Op: "stat", Path: name, Err: errNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, 0, err
	}
	return f, st.Size(), nil
}

// readRaw reads a file of at most limit bytes; one more byte says that it is
// longer.
func readRaw(name string, limit int) ([]byte, error) {
	f, _, err := openRaw(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, int64(limit)+1))
}
