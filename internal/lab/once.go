package lab

import (
	"context"
	"os"
	"path/filepath"
	"time"
)

// once makes the thing called name in the cache's directory dir, unless it is
// there: make gets a path to make a file or directory at. Of several processes
// one makes it while the others wait.
func (c *Cache) once(ctx context.Context, dir, name string, p Progress, make func(path string) error) error {
	final := c.path(dir, name)
	if c.use(final) {
		return nil
	}
	unlock, err := c.lock(ctx, dir+"-"+name, p)
	if err != nil {
		return err
	}
	defer unlock()
	if c.use(final) {
		return nil
	}
	tmp, err := c.TempDir(dir)
	if err != nil {
		return err
	}
	defer tmp.Close()
	path := filepath.Join(tmp.Path, "new")
	if err := make(path); err != nil {
		return err
	}
	if err := publish(path, final); err != nil {
		return err
	}
	c.use(final)
	c.prune(dir)
	return nil
}

// use says whether a thing is in the cache, and notes the time for prune.
func (c *Cache) use(path string) bool {
	now := time.Now()
	if err := os.Chtimes(path, now, now); err == nil {
		return true
	}
	_, err := os.Lstat(path) // a cache that can only be read is good too
	return err == nil
}
