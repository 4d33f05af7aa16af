package lab

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// CacheEnv is the environment variable that names the cache directory.
const CacheEnv = "KMODSH_CACHE"

// Cache is the directory in which the lab keeps kernels, disk images,
// initramfs images and saved machines. Any number of processes may use one
// cache at the same time.
//
//	kernels/RELEASE_KEY/       a fetched kernel: boot/, lib/modules/RELEASE/, kernel.json
//	trees/RELEASE_KEY/         a module tree of the user's with our indexes
//	images/RELEASE_KEY         a kernel image of the user's
//	disks/RELEASE_KEY          a disk image with a module tree
//	initrds/RELEASE_KEY        an initramfs
//	headers/RELEASE_KEY/       what a module for a fetched kernel is built against
//	drivers/RELEASE_KEY_KEY    the test driver, built for a kernel by a compiler
//	vms/                       what the machines' half of the package keeps
//	apt/                       package lists of apt, when the system has none
//	locks/, tmp/               who makes what right now
type Cache struct {
	dir string
	// guest is the program that becomes /init in the guest; "" is this one.
	guest string
}

// The subdirectories of a cache.
const (
	kernelsDir = "kernels"
	treesDir   = "trees"
	imagesDir  = "images"
	disksDir   = "disks"
	initrdsDir = "initrds"
	headersDir = "headers"
	driversDir = "drivers"
	vmsDir     = "vms"
	aptDir     = "apt"
	locksDir   = "locks"
	tmpDir     = "tmp"
)

// DefaultCacheDir returns $KMODSH_CACHE, else kmodsh in the user's cache
// directory (os.UserCacheDir: $XDG_CACHE_HOME or ~/.cache on Linux).
func DefaultCacheDir() (string, error) {
	if d := os.Getenv(CacheEnv); d != "" {
		return filepath.Abs(d)
	}
	d, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no place for the cache: %w; set %s to a directory", err, CacheEnv)
	}
	return filepath.Join(d, "kmodsh"), nil
}

// OpenCache opens the cache in dir, "" for DefaultCacheDir, makes what is
// missing of it and removes what killed processes left half-made.
func OpenCache(dir string) (*Cache, error) {
	if dir == "" {
		d, err := DefaultCacheDir()
		if err != nil {
			return nil, err
		}
		dir = d
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("cache: %w", err)
	}
	c := &Cache{dir: dir, guest: os.Getenv(guestEnv)}
	for _, sub := range []string{kernelsDir, treesDir, imagesDir, disksDir, initrdsDir, headersDir, driversDir, vmsDir, aptDir, locksDir, tmpDir} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, cacheError(dir, err)
		}
	}
	c.sweep()
	return c, nil
}

// Dir returns the cache's directory, an absolute path.
func (c *Cache) Dir() string { return c.dir }

// VMs returns the directory for what machines keep: saved machines, the answer
// to which accelerator works.
func (c *Cache) VMs() string { return c.path(vmsDir) }

func (c *Cache) path(elem ...string) string {
	return filepath.Join(append([]string{c.dir}, elem...)...)
}

// publish gives the finished file or directory made under a temporary name its
// final one. Where another process was faster, its work stays: both made the
// same from the same.
func publish(from, to string) error {
	err := os.Rename(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, syscall.ENOTEMPTY) {
		return nil
	}
	return err
}

// cacheError says what can be done about a cache in dir that is full or cannot
// be written. Any other error it returns as it is.
func cacheError(dir string, err error) error {
	switch {
	case errors.Is(err, errNoSpace):
		return err
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return fmt.Errorf("cache %s: %w: %w", dir, err, errNoSpace)
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		// Not one of the user's own files, which may be the unreadable one.
		var at *fs.PathError
		if errors.As(err, &at) && (strings.HasPrefix(at.Path, dir) || strings.HasPrefix(dir, at.Path)) {
			return fmt.Errorf("cache %s: %w; set %s to a directory you can write", dir, err, CacheEnv)
		}
	}
	return err
}
