package lab

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

const (
	// savedDir holds the saved machines, each as KEY.
	savedDir = "saved"
	// savedKeep is how many saved machines stay; each takes about 100 MB.
	savedKeep = 6
	// savedSpace is what must be free to save one: more than one takes, so
	// that the last space is not the lab's.
	savedSpace = 512 << 20
	// saveLimit is how long saving may take; it takes a quarter of a second.
	saveLimit = 30 * time.Second
)

// Names in the run directory, in which QEMU works: no path of the cache, which
// may hold anything, ever reaches the shell that QEMU starts for "exec:".
const (
	savingName = "saving"
	savedName  = "saved"
	failedName = "failed"
)

// savedPath returns the file of the saved machine with the given key.
func (c *Cache) savedPath(key string) string { return filepath.Join(c.VMs(), savedDir, key) }

// save writes the machine to the cache under key, and lets it run on: it
// stands still meanwhile. It returns the size of the file. The machine runs
// also when it could not be saved.
func (v *vm) save(ctx context.Context, c *Cache, key string) (size int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	if err := needSpace(c.VMs(), savedSpace); err != nil {
		return 0, err
	}
	if err := os.MkdirAll(filepath.Join(c.VMs(), savedDir), 0o755); err != nil {
		return 0, err
	}
	dir := v.guard.dir.Path
	saving, saved, failed := filepath.Join(dir, savingName), filepath.Join(dir, savedName), filepath.Join(dir, failedName)
	defer os.Remove(saving)
	defer os.Remove(saved)
	if err := v.write(ctx); err != nil {
		return 0, err
	}
	st, err := waitFile(ctx, saved, failed)
	if err != nil {
		return 0, err
	}
	if err := os.Rename(saved, c.savedPath(key)); err != nil {
		return 0, err
	}
	c.pruneSaved()
	return st.Size(), nil
}

// write stops the machine, has QEMU write it out, and lets it run on.
func (v *vm) write(ctx context.Context) (err error) {
	if err := v.qmp.do(ctx, "stop", nil, nil); err != nil {
		return err
	}
	defer func() {
		// Not with ctx: it may be over, and the machine must go on.
		on, cancel := context.WithTimeout(context.Background(), saveLimit)
		defer cancel()
		if err != nil {
			v.qmp.do(on, "migrate_cancel", nil, nil) // an error when it has ended by itself
		}
		if cerr := v.qmp.do(on, "cont", nil, nil); cerr != nil && err == nil {
			err = cerr
		}
	}()
	if err := v.qmp.do(ctx, "migrate-set-parameters", map[string]any{"max-bandwidth": int64(10) << 30}, nil); err != nil {
		return err
	}
	// The file gets its name only when all of it was written: QEMU does not
	// say whether the program it wrote to was content.
	uri := fmt.Sprintf("exec:umask 077; cat > %s && mv %s %s || : > %s", savingName, savingName, savedName, failedName)
	if err := v.qmp.do(ctx, "migrate", map[string]any{"uri": uri}, nil); err != nil {
		return err
	}
	return v.migrated(ctx)
}

// migrated waits until a migration, out or in, is complete.
func (v *vm) migrated(ctx context.Context) error {
	tick := time.NewTicker(4 * time.Millisecond)
	defer tick.Stop()
	for {
		var m struct {
			Status string `json:"status"`
			Error  string `json:"error-desc"`
		}
		if err := v.qmp.do(ctx, "query-migrate", nil, &m); err != nil {
			return err
		}
		switch m.Status {
		case "completed":
			return nil
		case "failed", "cancelled":
			if m.Error == "" {
				m.Error = "migration " + m.Status
			}
			return errors.New(clean(m.Error))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// waitFile waits until a file is there, or the one that says that it won't be.
func waitFile(ctx context.Context, path, failed string) (fs.FileInfo, error) {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		if st, err := os.Stat(path); err == nil {
			return st, nil
		}
		if _, err := os.Stat(failed); err == nil {
			return nil, errors.New("the file could not be written to its end (no space left?)")
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-tick.C:
		}
	}
}

// load brings the saved machine into a QEMU that waits for one, and lets it
// run.
func (v *vm) load(ctx context.Context, path string) error {
	// A name in the run directory; it also holds the file there while
	// another kmodsh makes room.
	local := filepath.Join(v.guard.dir.Path, savedName)
	if err := os.Link(path, local); err != nil {
		if err := os.Symlink(path, local); err != nil {
			return err
		}
	}
	defer os.Remove(local)
	if err := v.qmp.do(ctx, "migrate-incoming", map[string]any{"uri": "exec:cat " + savedName}, nil); err != nil {
		return err
	}
	if err := v.migrated(ctx); err != nil {
		return err
	}
	return v.qmp.do(ctx, "cont", nil, nil)
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
