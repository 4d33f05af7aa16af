package kernel

import (
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
)

const (
	// kmsgRecord is the longest record in bytes: CONSOLE_EXT_LOG_MAX of
	// kernel/printk; a smaller buffer is answered with EINVAL.
	kmsgRecord = 8192
	// kmsgKeep is how many records since the first mark are kept.
	kmsgKeep = 512
	// kmsgMost bounds one reading of the whole log, should the kernel log
	// faster than this reads.
	kmsgMost = 65536
)

// kmsg follows the kernel log from the first mark on. It keeps the last
// records, so that a mark costs no reading of the whole log. The zero value is
// ready; a log that can't be opened stays empty.
type kmsg struct {
	mu     sync.Mutex
	opened bool
	fd     int // -1 when the log can't be read
	last   uint64
	kept   []LogRecord
}

// mark returns the number of the newest record seen. 0 is a mark, too: nothing
// was logged since the log was opened, so every record kept is after it.
func (l *kmsg) mark() LogMark {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	return LogMark(l.last)
}

// since returns the text of the records after the mark.
func (l *kmsg) since(mark LogMark) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.drain()
	var lines []string
	for _, r := range l.kept {
		if r.Seq > uint64(mark) || mark == 0 {
			lines = append(lines, r.Text)
		}
	}
	return lines
}

// drain reads what the kernel has logged since the last time; the first time
// it opens the log at its end.
func (l *kmsg) drain() {
	if !l.opened {
		l.opened = true
		l.fd = -1
		if fd, err := openKmsg(); err == nil {
			if _, err := syscall.Seek(fd, 0, io.SeekEnd); err == nil {
				l.fd = fd
			} else {
				syscall.Close(fd)
			}
		}
	}
	if l.fd < 0 {
		return
	}
	readRecords(l.fd, func(r LogRecord) {
		l.last = r.Seq
		if len(l.kept) == kmsgKeep {
			l.kept = append(l.kept[:0], l.kept[kmsgKeep/2:]...)
		}
		l.kept = append(l.kept, r)
	})
}

// ReadKmsg returns the last n records of the kernel log, all that the kernel
// still has when n is 0, oldest first. It needs the right to read /dev/kmsg
// (CAP_SYSLOG where kernel.dmesg_restrict is set).
func ReadKmsg(n int) ([]LogRecord, error) {
	fd, err := openKmsg()
	if err != nil {
		return nil, fmt.Errorf("reading the kernel log: open /dev/kmsg: %w", err)
	}
	defer syscall.Close(fd)
	var records []LogRecord
	if err := readRecords(fd, func(r LogRecord) {
		// Drop the oldest half at a time, so that n of a long log cost little.
		if n > 0 && len(records) >= 2*n {
			records = append(records[:0], records[len(records)-n:]...)
		}
		records = append(records, r)
	}); err != nil {
		return nil, fmt.Errorf("reading the kernel log: %w", err)
	}
	if n > 0 && len(records) > n {
		records = records[len(records)-n:]
	}
	return records, nil
}

// openKmsg opens /dev/kmsg at the oldest record. The descriptor does not wait
// for records and is not handed to children.
func openKmsg() (int, error) {
	return syscall.Open("/dev/kmsg", syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
}

// readRecords hands over every record up to the log's end. Records that were
// overwritten before they could be read (EPIPE) are passed over.
func readRecords(fd int, each func(LogRecord)) error {
	buf := make([]byte, kmsgRecord)
	for range kmsgMost {
		n, err := syscall.Read(fd, buf)
		switch {
		case errors.Is(err, syscall.EAGAIN):
			return nil
		case errors.Is(err, syscall.EPIPE), errors.Is(err, syscall.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return nil
		}
		if r, err := ParseKmsg(buf[:n]); err == nil {
			each(r)
		}
	}
	return nil
}
