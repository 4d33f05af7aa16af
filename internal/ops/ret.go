package ops

import (
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// retWords writes the return value of a step: errno names for small negative
// numbers.
func retWords(v int64) string {
	if v < 0 && v > -4096 { // MAX_ERRNO, include/linux/err.h
		return "-" + kernel.ErrnoName(syscall.Errno(-v))
	}
	return fmt.Sprint(v)
}
