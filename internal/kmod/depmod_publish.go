package kmod

import (
	"fmt"
	"os"
	"path"
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
func publish(dir string, files []depmodFile) (err error) {
	temps := make([]string, 0, len(files))
	defer func() {
		for _, t := range temps {
			os.Remove(t)
		}
	}()
	for _, f := range files {
		t, err := writeTemp(dir, f)
		if t != "" {
			temps = append(temps, t)
		}
		if err != nil {
			return fmt.Errorf("write %s: %w; the old indexes are unchanged", path.Join(dir, f.name), err)
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

// writeTemp writes a file under a temporary name, which it returns also when
// it failed half-way.
func writeTemp(dir string, f depmodFile) (name string, err error) {
	t, err := os.CreateTemp(dir, f.name+".*.tmp")
	if err != nil {
		return "", err
	}
	_, err = t.Write(f.data)
	if err == nil {
		err = t.Chmod(0o644)
	}
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
