package agent

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// scratch returns a path for this process in the scratch directory.
func scratch(what string) string {
	return filepath.Join(scratchDir, what+"-"+strconv.Itoa(os.Getpid()))
}

// mountType mounts a file system of the type from a source that does not
// exist (fs/filesystems.c, get_fs_type).
func mountType(arg []string) error {
	dir := scratch("mount")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return err
	}
	defer os.Remove(dir)
	err := unix.Mount(scratch("no-such-device"), dir, arg[0], unix.MS_RDONLY, "")
	if err == nil {
		unix.Unmount(dir, unix.MNT_DETACH)
	}
	return err
}

// openNode opens a device node of the given numbers (fs/char_dev.c,
// chrdev_open; drivers/char/misc.c, misc_open; block/genhd.c,
// blk_request_module).
func openNode(kind uint32) func([]string) error {
	return func(arg []string) error {
		major, minor := number(arg[0]), 0
		if len(arg) > 1 {
			minor = number(arg[1])
		}
		path := scratch("node")
		if err := unix.Mknod(path, kind|0o600, int(unix.Mkdev(uint32(major), uint32(minor)))); err != nil {
			return err
		}
		defer os.Remove(path)
		fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NONBLOCK|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
}

// lineDiscipline sets the line discipline of a fresh pseudo-terminal
// (drivers/tty/tty_ldisc.c, tty_ldisc_get).
func lineDiscipline(arg []string) error {
	fd, err := unix.Open("/dev/pts/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	return unix.IoctlSetPointerInt(fd, unix.TIOCSETD, number(arg[0]))
}

// execFormat executes a file that no handler knows (fs/exec.c,
// search_binary_handler): bytes 2 and 3 are the format's number in the
// machine's order, and its first four bytes must not all be printable.
func execFormat(arg []string) error {
	format, err := strconv.ParseUint(arg[0], 16, 16)
	if err != nil {
		return err
	}
	path := scratch("program")
	if err := os.WriteFile(path, binary.NativeEndian.AppendUint16([]byte{1, 1}, uint16(format)), 0o700); err != nil {
		return err
	}
	defer os.Remove(path)
	// Were it accepted, the process would be gone, and so be noticed.
	return unix.Exec(path, []string{path}, nil)
}
