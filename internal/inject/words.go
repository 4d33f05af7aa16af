package inject

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// value writes a text from outside as one word: what is not a plain printable
// character becomes %XX. max bounds the text itself.
func value(what, s string, max int) (string, error) {
	if s == "" || len(s) > max {
		return "", fmt.Errorf("%w: %s of %d bytes, 1 to %d are possible", ErrCommand, what, len(s), max)
	}
	if strings.IndexByte(s, 0) >= 0 {
		return "", fmt.Errorf("%w: %s %.60q holds a zero byte", ErrCommand, what, s)
	}
	return escape(s), nil
}

func plain(c byte) bool { return c > ' ' && c < 0x7f && c != '%' && c != '=' }

func escape(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r >= 0x80 || !plain(byte(r)) }) {
		return s
	}
	var b strings.Builder
	for i := range len(s) {
		if plain(s[i]) {
			b.WriteByte(s[i])
		} else {
			fmt.Fprintf(&b, "%%%02x", s[i])
		}
	}
	return b.String()
}

// unescape is the inverse of escape; it refuses what escape never writes.
func unescape(s string) (string, error) {
	if strings.IndexByte(s, '%') < 0 {
		for i := range len(s) {
			if !plain(s[i]) {
				return "", fmt.Errorf("byte %#x in a word", s[i])
			}
		}
		return s, nil
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '%' {
			if i+2 >= len(s) {
				return "", fmt.Errorf("%%XX cut off in %.60q", s)
			}
			n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
			if err != nil || n == 0 {
				return "", fmt.Errorf("no byte in %.60q", s)
			}
			b = append(b, byte(n))
			i += 2
			continue
		}
		if !plain(c) {
			return "", fmt.Errorf("byte %#x in a word", c)
		}
		b = append(b, c)
	}
	return string(b), nil
}

// symbol says whether s can be a name in the kernel's symbol table.
func symbol(s string, extra string) bool {
	for i := range len(s) {
		c := s[i]
		if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || strings.IndexByte(extra, c) >= 0 {
			continue
		}
		return false
	}
	return s != ""
}

func checkID(id string) error {
	if len(id) > MaxID || !symbol(id, ":-") {
		return fmt.Errorf("%w: no ID %.40q: 1 to %d letters, digits, or one of _.:-", ErrCommand, id, MaxID)
	}
	return nil
}

func checkFunc(f string) error {
	name, notifier := strings.CutPrefix(f, "notifier:")
	if notifier && slices.Contains([]string{"COMING", "LIVE", "GOING"}, name) {
		return nil
	}
	if len(f) > MaxFunc || !symbol(f, "") {
		return fmt.Errorf("%w: no function %.100q", ErrCommand, f)
	}
	return nil
}

func checkLayout(l Layout) error {
	if !slices.Contains(layouts, l) {
		return fmt.Errorf("%w: no layout %.20q", ErrCommand, l)
	}
	return nil
}

func checkPID(pid int) error {
	if pid < 1 || pid > 1<<22 { // PID_MAX_LIMIT, include/linux/threads.h
		return fmt.Errorf("%w: no process number %d", ErrCommand, pid)
	}
	return nil
}

// millis writes a duration as whole milliseconds.
func millis(what string, d time.Duration) (string, error) {
	if d < time.Millisecond || d > MaxWait || d%time.Millisecond != 0 {
		return "", fmt.Errorf("%w: %s of %s: whole milliseconds, 1ms to %s", ErrCommand, what, d, MaxWait)
	}
	return strconv.FormatInt(d.Milliseconds(), 10), nil
}
