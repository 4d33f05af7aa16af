package lab

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// savedDir holds the saved machines, each as KEY.
	savedDir = "saved"
	// savedKeep is how many saved machines stay; each takes about 100 MB.
	savedKeep = 10
	// savedSpace is what must be free to save one: more than one takes, so
	// that the last space is not the lab's.
	savedSpace = 512 << 20
)

// savingName is the file in the run directory that a machine is written to.
const savingName = "saving"

// savedPath returns the file of the saved machine with the given key.
func (c *Cache) savedPath(key string) string { return filepath.Join(c.VMs(), savedDir, key) }

// save writes the machine to the cache under key, and lets it run on: it
// stands still meanwhile. It returns the size of the file. The machine runs
// also when it could not be saved.
func (v *vm) save(ctx context.Context, c *Cache, key string) (size int64, err error) {
	if err := needSpace(c.VMs(), savedSpace); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Join(c.VMs(), savedDir), 0o755); err != nil {
		return 0, err
	}
	// It gets its name only when all of it was written.
	saving := filepath.Join(v.guard.dir.Path, savingName)
	defer os.Remove(saving)
	f, err := os.OpenFile(saving, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if err := v.write(ctx, f, nil); err != nil {
		return 0, cacheError(c.dir, fmt.Errorf("writing the machine to a file: %w", err))
	}
	if err := seal(saving); err != nil {
		return 0, cacheError(c.dir, err)
	}
	st, err := f.Stat()
	if err != nil {
		return 0, err
	}
	if err := os.Rename(saving, c.savedPath(key)); err != nil {
		return 0, err
	}
	c.pruneSaved()
	return st.Size(), nil
}

// load brings the saved machine into a QEMU that waits for one; it stands until
// it is greeted.
func (v *vm) load(ctx context.Context, path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return v.loadFile(ctx, f)
}

// pruneSaved removes all saved machines but those used last.
func (c *Cache) pruneSaved() {
	dir := filepath.Join(c.VMs(), savedDir)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	type file struct {
		path string
		used time.Time
	}
	var files []file
	for _, e := range entries {
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() {
			files = append(files, file{filepath.Join(dir, e.Name()), info.ModTime()})
		}
	}
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(b.used.Compare(a.used), cmp.Compare(a.path, b.path)) })
	for _, f := range files[min(len(files), savedKeep):] {
		os.Remove(f.path)
	}
}
