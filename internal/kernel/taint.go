package kernel

import (
	"fmt"
	"strings"
)

// TaintFlags are the letters of the kernel's taint flags: a letter's place is its
// bit in /proc/sys/kernel/tainted (kernel/panic.c, taint_flags;
// Documentation/admin-guide/tainted-kernels.rst).
const TaintFlags = "PFSRMBUDAWCIOELKXTN"

// Taints are the letters of the flags that are set in mask, in the order of their
// bits. Bits that have no letter are left out.
func Taints(mask uint64) string {
	var b strings.Builder
	for i := range len(TaintFlags) {
		if mask&(1<<i) != 0 {
			b.WriteByte(TaintFlags[i])
		}
	}
	return b.String()
}

// TaintWords are the flags as a person reads them: the number that the kernel
// tells, and its letters. "0" is none.
func TaintWords(mask uint64) string {
	if letters := Taints(mask); letters != "" {
		return fmt.Sprintf("%d (%s)", mask, letters)
	}
	return fmt.Sprint(mask)
}
