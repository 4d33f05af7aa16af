package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// A lock is a flock(2) on a file: the kernel drops it when its owner dies, in
// whatever way, so a lock that is held has a living owner.

// tryLock opens and locks path; held is false when another open file has it.
func tryLock(path string) (f *os.File, held bool, err error) {
	for {
		f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			return nil, false, err
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			f.Close()
			if errors.Is(err, unix.EWOULDBLOCK) {
				return nil, false, nil
			}
			return nil, false, fmt.Errorf("locking %s: %w", path, err)
		}
		// Whoever removed the file between the open and the lock left a
		// lock on a file that has no name any more.
		mine, err1 := f.Stat()
		there, err2 := os.Stat(path)
		if err1 == nil && err2 == nil && os.SameFile(mine, there) {
			return f, true, nil
		}
		f.Close()
	}
}

// lock waits until this process alone may make the thing called name.
func (c *Cache) lock(ctx context.Context, name string, p Progress) (unlock func(), err error) {
	path := c.path(locksDir, name)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for said := false; ; {
		f, held, err := tryLock(path)
		if err != nil {
			return nil, cacheError(c.dir, err)
		}
		if held {
			return func() { f.Close() }, nil
		}
		if !said {
			said = true
			p.step("wait", 0, 0, "another kmodsh is making "+name)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for another kmodsh that is making %s: %w", name, ctx.Err())
		case <-tick.C:
		}
	}
}

// TempDir is a directory that goes with its owner: Close removes it, and where
// the owner is killed the next OpenCache does.
type TempDir struct {
	Path string // absolute
	lock *os.File
}

const lockSuffix = ".lock"

// TempDir makes a temporary directory in the cache, on the same file system as
// everything else there. name is for a person who looks.
func (c *Cache) TempDir(name string) (*TempDir, error) {
	for i := 0; ; i++ {
		path := c.path(tmpDir, fmt.Sprintf("%s-%d-%d", name, os.Getpid(), i))
		lock, held, err := tryLock(path + lockSuffix)
		if err != nil {
			return nil, cacheError(c.dir, err)
		}
		if !held {
			continue
		}
		// Locked before it exists: a directory without a held lock is stale.
		if err := os.Mkdir(path, 0o755); err != nil {
			lock.Close()
			if os.IsExist(err) {
				continue
			}
			os.Remove(path + lockSuffix)
			return nil, cacheError(c.dir, err)
		}
		return &TempDir{Path: path, lock: lock}, nil
	}
}

// Close removes the directory with all it holds.
func (t *TempDir) Close() error {
	err := removeAll(t.Path)
	if err == nil {
		os.Remove(t.Path + lockSuffix)
	}
	t.lock.Close()
	return err
}

// sweepWait is how long sweepOf waits for the kernel to drop the locks of a
// process that has just died.
const sweepWait = 5 * time.Second

// sweepOf removes the temporary directories of one process that has died, from
// the cache's directory for them.
func sweepOf(tmp string, pid int) {
	entries, err := os.ReadDir(tmp)
	if err != nil {
		return
	}
	deadline := time.Now().Add(sweepWait)
	for _, e := range entries {
		name, isLock := strings.CutSuffix(e.Name(), lockSuffix)
		if parts := strings.Split(name, "-"); !isLock || len(parts) < 3 || parts[len(parts)-2] != strconv.Itoa(pid) {
			continue
		}
		for !sweepOne(filepath.Join(tmp, name)) && time.Now().Before(deadline) {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// sweepOne removes a temporary directory unless its owner lives, and says
// whether it is gone.
func sweepOne(path string) bool {
	lock, held, err := tryLock(path + lockSuffix)
	if err != nil || !held {
		return false
	}
	defer lock.Close()
	if removeAll(path) != nil {
		return false
	}
	os.Remove(path + lockSuffix)
	return true
}

// sweep removes temporary directories whose owner is dead. What cannot be
// removed now is tried again by the next process.
func (c *Cache) sweep() {
	entries, err := os.ReadDir(c.path(tmpDir))
	if err != nil {
		return
	}
	for _, e := range entries {
		sweepOne(c.path(tmpDir, strings.TrimSuffix(e.Name(), lockSuffix)))
	}
}

// removeAll removes a directory also where its parts are not writable.
func removeAll(path string) error {
	if err := os.RemoveAll(path); err == nil {
		return nil
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return err
	}
	defer root.Close()
	makeWritable(root, ".")
	return os.RemoveAll(path)
}

// makeWritable lets the owner write all directories below dir.
func makeWritable(root *os.Root, dir string) {
	if root.Chmod(dir, 0o755) != nil {
		return
	}
	d, err := root.Open(dir)
	if err != nil {
		return
	}
	defer d.Close()
	entries, _ := d.ReadDir(-1)
	for _, e := range entries {
		if e.IsDir() {
			makeWritable(root, dir+"/"+e.Name())
		}
	}
}
