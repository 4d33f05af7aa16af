package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"
)

// depmodFile is one index file to write.
type depmodFile struct {
	name string
	data []byte
}

// publish writes the files into dir: all of them under other names and to the
// disk first, then they take the places of the old ones. When the disk is
// full or anything else fails before that, the old ones stay as they are and
// nothing is left over.
func publish(dir string, files []depmodFile, now int64) (err error) {
	if now != 0 {
		if files, err = changed(dir, files, now); err != nil {
			return err
		}
	}
	temps, errs := make([]string, len(files)), make([]error, len(files))
	defer func() {
		for _, t := range temps {
			if t != "" {
				os.Remove(t)
			}
		}
	}()
	var writing sync.WaitGroup
	for i, f := range files { // side by side: the disk is waited for once
		writing.Go(func() { temps[i], errs[i] = writeTemp(dir, f) })
	}
	writing.Wait()
	for i, f := range files {
		if errs[i] != nil {
			return fmt.Errorf("write %s: %w; the old indexes are unchanged", path.Join(dir, f.name), errs[i])
		}
	}
	for i, f := range files {
		to := path.Join(dir, f.name)
		if err := os.Rename(temps[i], to); err != nil {
			return fmt.Errorf("put the new %s in place: %w", to, err)
		}
	}
	temps = nil
	return syncDir(dir)
}

// changed returns the files that are not there already as they are to be. Those
// that are get the time now, by which depmod -A tells whether they are old.
func changed(dir string, files []depmodFile, now int64) (rest []depmodFile, err error) {
	var same []string
	mode, err := newMode(dir)
	if err != nil {
		return nil, fmt.Errorf("write indexes: %w", err)
	}
	for _, f := range files {
		name := path.Join(dir, f.name)
		if sameContent(name, f.data, mode) {
			same = append(same, name)
			continue
		}
		rest = append(rest, f)
	}
	for _, name := range same {
		if err := os.Chtimes(name, time.Unix(0, now), time.Unix(0, now)); err != nil {
			return nil, fmt.Errorf("write indexes: %w", err)
		}
	}
	return rest, nil
}

// newMode is the mode that files made in dir get: 0644 without what the umask takes
// away.
func newMode(dir string) (fs.FileMode, error) {
	t, err := createTemp(dir, "modules.dep")
	if err != nil {
		return 0, err
	}
	defer os.Remove(t.Name())
	defer t.Close()
	st, err := t.Stat()
	if err != nil {
		return 0, err
	}
	return st.Mode().Perm(), nil
}

// createTemp makes a file in dir whose name begins as told. os.CreateTemp would
// keep it from all others.
func createTemp(dir, name string) (*os.File, error) {
	for try := 0; ; try++ {
		temp := path.Join(dir, fmt.Sprintf("%s.%d.%d.tmp", name, os.Getpid(), try))
		t, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err == nil || !errors.Is(err, fs.ErrExist) || try == 1000 {
			return t, err
		}
	}
}

// sameContent says whether a regular file, no link, holds just these bytes, and has
// that mode.
func sameContent(name string, data []byte, mode fs.FileMode) bool {
	st, err := os.Lstat(name)
	if err != nil || !st.Mode().IsRegular() || st.Size() != int64(len(data)) || st.Mode().Perm() != mode {
		return false
	}
	f, err := OpenPlain(name)
	if err != nil {
		return false
	}
	defer f.Close()
	buf := make([]byte, 256<<10)
	for len(data) > 0 {
		n, err := f.Read(buf)
		if n == 0 || n > len(data) || !bytes.Equal(buf[:n], data[:n]) {
			return false
		}
		if data = data[n:]; err != nil {
			break
		}
	}
	return len(data) == 0
}

// writeTemp writes a file under a temporary name, which it returns also when
// it failed half-way.
func writeTemp(dir string, f depmodFile) (name string, err error) {
	t, err := createTemp(dir, f.name)
	if err != nil {
		return "", err
	}
	_, err = t.Write(f.data)
	if err == nil {
		err = t.Sync()
	}
	if e := t.Close(); err == nil {
		err = e
	}
	return t.Name(), err
}

// syncDir makes the renames in dir last through a loss of power.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}
