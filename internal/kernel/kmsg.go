package kernel

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// LogRecord is one record of the kernel log.
type LogRecord struct {
	Seq   uint64        // number of the record since boot
	Time  time.Duration // on the kernel's log clock, close to CLOCK_MONOTONIC
	Level int           // 0 emergency to 7 debug
	Text  string        // as /dev/kmsg gives it: unprintable bytes as \xHH
}

// String gives the record as dmesg(1) shows it.
func (r LogRecord) String() string {
	us := r.Time.Microseconds()
	return fmt.Sprintf("[%5d.%06d] %s", us/1e6, us%1e6, r.Text)
}

// newline is how /dev/kmsg gives a line end within a record, as lockdep writes
// them; a backslash of the text itself is \x5c (kernel/printk/printk.c,
// msg_add_ext_text).
const newline = `\x0a`

// Lines are the lines of the record as dmesg(1) shows them, the empty ones left
// out.
func (r LogRecord) Lines() []string {
	if !strings.Contains(r.Text, newline) {
		return []string{r.String()}
	}
	var lines []string
	for text := range strings.SplitSeq(r.Text, newline) {
		if text != "" {
			lines = append(lines, LogRecord{Time: r.Time, Text: text}.String())
		}
	}
	return lines
}

// ParseKmsg reads one record of /dev/kmsg:
//
//	level+facility,sequence,microseconds,flags[,more];text
//	 KEY=value
//
// (Documentation/ABI/testing/dev-kmsg). The lines of keys are left out. What
// is no record gives an error that wraps ErrDamaged.
func ParseKmsg(record []byte) (LogRecord, error) {
	head, text, ok := strings.Cut(string(record), ";")
	fields := strings.Split(head, ",")
	if !ok || len(fields) < 3 {
		return LogRecord{}, fmt.Errorf("kernel log record %q: %w", clip(string(record)), ErrDamaged)
	}
	var n [3]uint64
	for i := range n {
		var err error
		if n[i], err = strconv.ParseUint(fields[i], 10, 63); err != nil {
			return LogRecord{}, fmt.Errorf("kernel log record %q: %w", clip(string(record)), ErrDamaged)
		}
	}
	text, _, _ = strings.Cut(text, "\n")
	return LogRecord{
		Seq:   n[1],
		Time:  time.Duration(n[2]&(1<<53-1)) * time.Microsecond,
		Level: int(n[0] & 7),
		Text:  printable(text),
	}, nil
}
