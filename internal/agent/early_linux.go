package agent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// diskWait is how long the disk may take to appear once its driver is loaded.
const diskWait = 20 * time.Second

// modulesDir is where loaders look for module trees.
const modulesDir = "/lib/modules"

// readBoot reads what the lab wrote for this guest.
func readBoot() (wire.BootConfig, error) {
	b, err := os.ReadFile(wire.BootFile)
	if err != nil {
		return wire.BootConfig{}, err
	}
	return wire.ParseBoot(b)
}

// mountTree makes the module tree appear at /lib/modules/RELEASE.
func mountTree(c wire.BootConfig) error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return err
	}
	if r := unix.ByteSliceToString(u.Release[:]); r != c.Release {
		return fmt.Errorf("this is kernel %s, the modules are for %s", r, c.Release)
	}
	dir := filepath.Join(modulesDir, c.Release)
	if c.Carrier == wire.CarrierInitramfs {
		if _, err := os.Stat(dir); err != nil {
			return fmt.Errorf("module tree in the initramfs: %w", err)
		}
		return nil
	}
	if err := loadEarly(c); err != nil {
		return err
	}
	if err := waitDevice(c.Disk, diskWait); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(c.Disk, dir, "squashfs", unix.MS_RDONLY|unix.MS_NODEV|unix.MS_NOSUID, ""); err != nil {
		return fmt.Errorf("mounting the module tree from %s: %w", c.Disk, err)
	}
	return nil
}

// loadEarly loads the modules that the disk needs, with the same loader that
// is modprobe later.
func loadEarly(c wire.BootConfig) error {
	if len(c.Early) == 0 {
		return nil
	}
	l, closeTree, err := openLoader(filepath.Join(wire.EarlyDir, c.Release), nil)
	if err != nil {
		return err
	}
	defer closeTree()
	for _, m := range c.Early {
		if _, err := l.Load(context.Background(), kernel.LoadRequest{Name: m}); err != nil {
			return fmt.Errorf("loading %s for the disk: %w", m, err)
		}
	}
	return nil
}

// waitDevice waits until the device node is there, at most limit. The kernel
// tells by a uevent (Documentation/ABI, kobject_uevent) when one appears, and
// devtmpfs has made the node by then.
func waitDevice(path string, limit time.Duration) error {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return fmt.Errorf("waiting for %s: %w", path, err)
	}
	defer unix.Close(fd)
	// Group 1 is the kernel's own messages. Listen first, look then.
	if err := unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}); err != nil {
		return fmt.Errorf("waiting for %s: %w", path, err)
	}
	end := time.Now().Add(limit)
	buf := make([]byte, 8192)
	for {
		if _, err := os.Stat(path); err == nil {
			return nil
		}
		left := time.Until(end)
		if left <= 0 {
			return fmt.Errorf("%s did not appear within %s; block devices: %s", path, limit, blockDevices())
		}
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(left.Milliseconds())+1)
		if err != nil && !errors.Is(err, unix.EINTR) {
			return fmt.Errorf("waiting for %s: %w", path, err)
		}
		if n > 0 {
			// What the message says is of no matter; ENOBUFS means that some
			// were lost, which is as good.
			unix.Recvfrom(fd, buf, 0)
		}
	}
}

// blockDevices names the block devices there are, for an error.
func blockDevices() string {
	entries, _ := os.ReadDir("/sys/class/block")
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, " ")
}
