package lab

import "context"

// diskFormat names the kind of disk image and the version of its maker.
const diskFormat = "disk 2 lz4"

// disk returns the disk image of the kernel's module tree, which has the given
// fingerprint, and makes it when it is not there.
func (c *Cache) disk(ctx context.Context, k Kernel, tree string, p Progress) (string, error) {
	key := newFingerprint(diskFormat)
	key.add(k.Release, tree)
	name := k.Release + "_" + key.key()
	final := c.path(disksDir, name)
	if err := c.dropDamaged(disksDir, name, "disk", p); err != nil {
		return "", err
	}
	err := c.once(ctx, disksDir, name, p, func(path string) error {
		p.step("disk", 0, 0, k.Release)
		if err := makeSquashfs(ctx, k.Modules, path); err != nil {
			return err
		}
		return seal(path)
	})
	if err != nil {
		return "", err
	}
	return final, nil
}
