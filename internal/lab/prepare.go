package lab

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kmod"
)

// Prepare makes everything a VM with kernel k boots from. What is there
// already is used again: the second time it takes only the reading of this
// program's own file.
func (c *Cache) Prepare(ctx context.Context, k Kernel, p Progress) (Boot, error) {
	if err := checkRelease(k.Release); err != nil {
		return Boot{}, err
	}
	b, err := c.prepare(ctx, k, p)
	if err != nil {
		return Boot{}, fmt.Errorf("preparing kernel %s: %w", k.Release, cacheError(c.dir, err))
	}
	return b, nil
}

func (c *Cache) prepare(ctx context.Context, k Kernel, p Progress) (Boot, error) {
	k, tree, err := c.tree(ctx, k, p)
	if err != nil {
		return Boot{}, err
	}
	extra, made, err := c.findTests(k)
	switch {
	case err == nil:
		if k, tree, err = c.withExtra(ctx, k, tree, extra, made, p); err != nil {
			return Boot{}, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return Boot{}, err
	}
	b := Boot{Kernel: k, NoTests: err != nil}
	var imageKey string
	if b.Image, imageKey, err = c.image(ctx, k, p); err != nil {
		return Boot{}, err
	}
	cfg := wire.BootConfig{Release: k.Release, Link: GuestLink}
	if k.Source == SourcePath {
		cfg.DriverHint = DriverHint(k)
	}
	passed := new(kmod.Passed)
	early, ok, err := earlyModules(k, passed.Add)
	if err != nil {
		return Boot{}, err
	}
	if passed.List() != nil { // two boots of a sound tree are alike
		b.damage = passed
	}
	if ok && k.readsDisk() {
		cfg.Carrier, cfg.Disk, cfg.Early = wire.CarrierBlock, GuestDisk, early
		if b.Disk, err = c.disk(ctx, k, tree, p); err != nil {
			return Boot{}, err
		}
	} else {
		cfg.Carrier = wire.CarrierInitramfs
	}
	if err := cfg.Validate(); err != nil {
		return Boot{}, err
	}
	b.Carrier = cfg.Carrier
	if b.Initrd, err = c.initrd(ctx, k, tree, cfg, p); err != nil {
		return Boot{}, err
	}
	key := newFingerprint("boot")
	key.add(imageKey, filepath.Base(b.Initrd), filepath.Base(b.Disk), string(b.Carrier))
	b.Fingerprint = key.key()
	return b, nil
}

// image returns the kernel's image in the cache, and its fingerprint. A kernel
// of the user's is copied, since the next update or build may replace it while
// a saved machine still needs it.
func (c *Cache) image(ctx context.Context, k Kernel, p Progress) (path, key string, err error) {
	if k.Source == SourceFetched {
		return k.Image, k.Fingerprint, nil
	}
	key, err = fileFingerprint(k.Image)
	if err != nil {
		return "", "", fmt.Errorf("kernel image: %w", err)
	}
	name := k.Release + "_" + key
	err = c.once(ctx, imagesDir, name, p, func(to string) error {
		if err := copyFile(k.Image, to); err != nil {
			return err
		}
		if now, err := fileFingerprint(to); err != nil || now != key {
			return fmt.Errorf("kernel image %s: it changed while it was copied", k.Image)
		}
		return nil
	})
	if err != nil {
		return "", "", err
	}
	return c.path(imagesDir, name), key, nil
}
