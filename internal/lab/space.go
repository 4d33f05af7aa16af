package lab

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeSpace returns how many bytes this user can still write below dir.
func freeSpace(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("statfs %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}

// needSpace fails when fewer than want bytes are free below dir.
func needSpace(dir string, want int64) error {
	free, err := freeSpace(dir)
	if err != nil || free >= want {
		return nil // the write itself will tell
	}
	return fmt.Errorf("%s has %d MB free, %d MB are needed: %w", dir, free>>20, want>>20, errNoSpace)
}
