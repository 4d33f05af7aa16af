package lab

import (
	"cmp"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// How much prune leaves of each kind: that many of each kernel release, so
// many bytes of all.
const (
	keepPerRelease = 3
	keepBytes      = 6 << 30
	// inUse is how long after its last use nothing is removed: another
	// process may have prepared a machine with it and not started it yet.
	inUse = 10 * time.Minute
)

// cacheItem is something in the cache that can be made again.
type cacheItem struct {
	path  string
	group string // kernel release
	bytes int64
	used  time.Time
}

// Prune removes what can be made again and was not used for long: of copied
// trees, images, disk images and initramfs images all but the newest few of
// each release, and more while they take too much space. It happens by itself
// whenever something new is made. A machine that runs keeps its open files.
func (c *Cache) Prune() {
	for _, dir := range []string{treesDir, imagesDir, disksDir, initrdsDir, headersDir, driversDir} {
		c.prune(dir)
	}
}

func (c *Cache) prune(dir string) {
	items := c.items(dir)
	for _, path := range superfluous(items, time.Now()) {
		c.remove(path)
	}
}

// items lists what is in a directory of the cache.
func (c *Cache) items(dir string) []cacheItem {
	entries, err := os.ReadDir(c.path(dir))
	if err != nil {
		return nil
	}
	var items []cacheItem
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		path := c.path(dir, e.Name())
		group := e.Name()
		if i := strings.LastIndexByte(group, '_'); i >= 0 {
			group = group[:i]
		}
		items = append(items, cacheItem{path, group, diskUse(path), info.ModTime()})
	}
	return items
}

// superfluous picks what to remove.
func superfluous(items []cacheItem, now time.Time) []string {
	slices.SortStableFunc(items, func(a, b cacheItem) int {
		return cmp.Or(b.used.Compare(a.used), strings.Compare(a.path, b.path))
	})
	var out []string
	var bytes int64
	kept := map[string]int{}
	for _, it := range items {
		if now.Sub(it.used) > inUse && (kept[it.group] >= keepPerRelease || bytes+it.bytes > keepBytes) {
			out = append(out, it.path)
			continue
		}
		kept[it.group]++
		bytes += it.bytes
	}
	return out
}

// diskUse returns the sizes of the files at and below path.
func diskUse(path string) (bytes int64) {
	filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				bytes += info.Size()
			}
		}
		return nil
	})
	return bytes
}
