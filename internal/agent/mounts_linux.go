package agent

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// mounts are the file systems of the guest, in order. All are part of every
// kernel that can load modules and trace; they need no module.
var mounts = []struct {
	source, target, fstype string
	flags                  uintptr
	options                string
}{
	{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
	{"devtmpfs", "/dev", "devtmpfs", unix.MS_NOSUID, ""},
	{"devpts", "/dev/pts", "devpts", unix.MS_NOSUID | unix.MS_NOEXEC, "ptmxmode=666"},
	// Device nodes and programs are made here by triggers of requests.
	{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID, "mode=755"},
	{"tmpfs", "/tmp", "tmpfs", unix.MS_NOSUID, "mode=1777"},
	{"tracefs", tracefs, "tracefs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
}

// tracefs is where the kernel's tracing is mounted: the directory the kernel
// makes for it in sysfs.
const tracefs = "/sys/kernel/tracing"

// securityfs is the directory that the kernel makes for its security modules.
const securityfs = "/sys/kernel/security"

// mountAll mounts the guest's file systems. One that is mounted already
// (CONFIG_DEVTMPFS_MOUNT) is left as it is.
func mountAll() error {
	for _, m := range mounts {
		if err := os.MkdirAll(m.target, 0o755); err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("mounting %s: %w", m.fstype, err)
		}
		err := unix.Mount(m.source, m.target, m.fstype, m.flags, m.options)
		if err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mounting %s on %s: %w", m.fstype, m.target, err)
		}
	}
	// It says whether the kernel is locked down; a kernel without it is not.
	if _, err := os.Stat(securityfs); err == nil {
		err := unix.Mount("securityfs", securityfs, "securityfs", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, "")
		if err != nil && !errors.Is(err, unix.EBUSY) {
			return fmt.Errorf("mounting securityfs on %s: %w", securityfs, err)
		}
	}
	for _, dir := range []string{runDir, scratchDir} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	return nil
}

const (
	// runDir holds what the agent shares with the processes of the guest.
	runDir = "/run/kmodsh"
	// scratchDir is where triggers of requests make what they need.
	scratchDir = runDir + "/scratch"
)
