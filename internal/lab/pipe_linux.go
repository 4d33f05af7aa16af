package lab

import (
	"os"

	"golang.org/x/sys/unix"
)

// pipeSize is what an unprivileged process may have by default
// (/proc/sys/fs/pipe-max-size).
const pipeSize = 1 << 20

// widen lets a pipe hold more, which spares switching between its two ends.
func widen(f *os.File) {
	if raw, err := f.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { unix.FcntlInt(fd, unix.F_SETPIPE_SZ, pipeSize) })
	}
}
