//go:build !linux

package kmod

import (
	"errors"
	"io"
	"io/fs"
	"os"
)

func openRaw(name string) (*os.File, int64, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, 0, err
	}
	st, err := f.Stat()
	if err == nil && !st.Mode().IsRegular() {
		err = &fs.PathError{Op: "stat", Path: name, Err: errors.New("not a regular file")}
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
