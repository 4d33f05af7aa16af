package agent

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"example.org/kmodsh/internal/kernel"
)

// logKept is how many lines of the kernel's log are kept.
const logKept = 10000

// kernelLog follows the kernel's log, so that only what is new need be read and
// told.
type kernelLog struct {
	mu    sync.Mutex
	fd    int // /dev/kmsg, which does not wait; -1 when it cannot be read
	lines []string
	first uint64 // number of lines[0], from 1
}

func openKernelLog() *kernelLog {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		fd = -1
	}
	l := &kernelLog{fd: fd, first: 1}
	l.drain() // what the boot printed is in a saved machine, read
	return l
}

// after returns the lines after the one of number seq, and the last number.
func (l *kernelLog) after(seq uint64) (lines []string, last uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	last = l.first + uint64(len(l.lines)) - 1
	if seq > last {
		seq = 0 // of another life of this machine
	}
	from := max(seq+1, l.first)
	lines = append([]string{}, newest(l.lines[from-l.first:])...)
	return lines, last
}

func (l *kernelLog) drain() {
	buf := make([]byte, 8192)
	for l.fd >= 0 {
		n, err := unix.Read(l.fd, buf)
		switch {
		case errors.Is(err, unix.EINTR) || errors.Is(err, unix.EPIPE): // what comes next was overwritten
			continue
		case err != nil || n <= 0:
			return
		}
		r, err := kernel.ParseKmsg(buf[:n])
		if err != nil {
			continue
		}
		if len(l.lines) == logKept {
			l.lines = append(l.lines[:0], l.lines[logKept/2:]...)
			l.first += logKept / 2
		}
		l.lines = append(l.lines, r.String())
	}
}
