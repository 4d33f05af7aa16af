package lab

import (
	"strings"
	"unicode/utf8"
)

// lineKind is what a console line tells of.
type lineKind int

const (
	lineOther lineKind = iota
	linePanic
	lineFatal
	lineTrouble
)

// troubles begin a line (after its time stamp) that tells of a kernel that is
// ill: arch/x86/mm/fault.c, arch/x86/kernel/traps.c, lib/bug.c,
// kernel/watchdog.c, kernel/hung_task.c, kernel/rcu/tree_stall.h of Linux 6.1
// and 6.12; or of a disk image that is, fs/squashfs/squashfs.h.
var troubles = []string{
	squashfsTrouble,
	"BUG: ", "Oops: ", "general protection fault", "kernel BUG at ", "invalid opcode: ", "stack segment: ",
	"watchdog: BUG: ", "INFO: task ", "rcu: INFO: ",
}

const squashfsTrouble = "SQUASHFS error: "

// classify tells what a line is about, and the line without its time stamp.
func classify(line string) (lineKind, string) {
	text := line
	if strings.HasPrefix(text, "[") {
		if i := strings.IndexByte(text, ']'); i > 0 && i < 40 {
			text = strings.TrimSpace(text[i+1:])
			// CONFIG_PRINTK_CALLER adds the task: [    1.0][    T1]
			if strings.HasPrefix(text, "[") {
				if i := strings.IndexByte(text, ']'); i > 0 && i < 20 {
					text = strings.TrimSpace(text[i+1:])
				}
			}
		}
	}
	if rest, ok := strings.CutPrefix(text, "Kernel panic - not syncing: "); ok {
		return linePanic, rest
	}
	if rest, ok := strings.CutPrefix(text, "kmodsh-agent: fatal: "); ok {
		return lineFatal, rest
	}
	for _, t := range troubles {
		if strings.HasPrefix(text, t) {
			return lineTrouble, text
		}
	}
	return lineOther, text
}

// clean makes a line from a guest or a tool fit for a terminal: no control
// characters, and no bytes that are not UTF-8.
func clean(s string) string {
	plain := true
	for i := 0; i < len(s); i++ {
		if s[i] < ' ' || s[i] >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return strings.TrimRight(s, " ")
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\t':
			b.WriteByte(' ')
		case r < ' ' || r >= 0x7f && r < 0xa0:
		case r == utf8.RuneError:
			b.WriteByte('?')
		default:
			b.WriteRune(r)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
