package agent

import (
	"errors"
	"strings"
	"sync"
	"time"

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
	// ahead is how far the clock of the log's lines (kernel/printk/printk.c,
	// local_clock) is ahead of that of events (CLOCK_MONOTONIC).
	ahead time.Duration
	last  time.Duration // of the last line
}

func openKernelLog() *kernelLog {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		fd = -1
	}
	l := &kernelLog{fd: fd, first: 1}
	l.drain() // what the boot printed is in a saved machine, read
	l.compare()
	return l
}

// clockLine is what is written to the log to see what time it is there.
const clockLine = "kmodsh: the clock of this log"

// compare finds out how the log's clock is to that of events. Where that cannot
// be, they count as the same: they are some milliseconds apart.
func (l *kernelLog) compare() {
	fd, err := unix.Open("/dev/kmsg", unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	now := monotonic()
	if _, err := unix.Write(fd, []byte("<7>"+clockLine)); err != nil {
		return
	}
	now += (monotonic() - now) / 2
	l.drain()
	if n := len(l.lines); n > 0 && strings.HasSuffix(l.lines[n-1], "] "+clockLine) {
		l.ahead = l.last - time.Duration(now)
	}
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
		l.lines, l.last = append(l.lines, r.Lines()...), r.Time
	}
}
