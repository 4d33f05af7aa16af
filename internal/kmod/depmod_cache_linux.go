package kmod

import (
	"errors"
	"io"
	"os"
	"path"
	"syscall"
)

// keyOf returns the key of a file, the one that a link leads to.
func keyOf(file string) (fileKey, error) {
	var st syscall.Stat_t
	if err := syscall.Stat(file, &st); err != nil {
		return fileKey{}, err
	}
	return fileKey{uint64(st.Dev), st.Ino, uint64(st.Size), st.Mtim.Nano(), st.Ctim.Nano()}, nil
}

// readOwn reads a file that nobody but this user can have written: it is a
// regular file of this user's, writable by nobody else, in a directory of which
// the same is so. Links are not followed.
func readOwn(name string, limit int64) ([]byte, error) {
	f, err := os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	dir, err := os.Lstat(path.Dir(name))
	if err != nil {
		return nil, err
	}
	st, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() || !dir.IsDir() || !ownOnly(st) || !ownOnly(dir) || st.Size() > limit {
		return nil, errors.New("somebody else can write it")
	}
	b := make([]byte, st.Size())
	_, err = io.ReadFull(f, b)
	return b, err
}

func ownOnly(fi os.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int(st.Uid) == os.Geteuid() && fi.Mode().Perm()&0o022 == 0
}
