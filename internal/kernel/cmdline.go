package kernel

import (
	"slices"
	"syscall"
)

// maxCmdline bounds the length in bytes of a kernel's command line; no
// architecture's COMMAND_LINE_SIZE is larger.
const maxCmdline = 64 << 10

// Cmdline returns the running kernel's command line, "" where it cannot be
// read.
func Cmdline() string {
	// By system calls: an *os.File would cost each modprobe that the kernel
	// starts the runtime's poller, for one file.
	fd, err := syscall.Open("/proc/cmdline", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return ""
	}
	defer syscall.Close(fd)
	b := make([]byte, 0, 4096)
	for len(b) < maxCmdline {
		if len(b) == cap(b) {
			b = slices.Grow(b, len(b))
		}
		n, err := syscall.Read(fd, b[len(b):cap(b)])
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return ""
		case n == 0:
			return string(b)
		default:
			b = b[:len(b)+n]
		}
	}
	return string(b[:maxCmdline])
}
