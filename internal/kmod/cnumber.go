package kmod

import (
	"strconv"
	"strings"
)

// cNumber reads the number that a text begins with as C's strtoull(3) does to the
// base 10 or 16, or to the base 0 that a prefix says, without blanks before it: a
// sign counts, to the base 16 a 0x may stand before it, and what is too large is as
// large as there is. rest is what is behind it; ok is false where there is no digit.
func cNumber(s string, base int) (n uint64, rest string, ok bool) {
	rest, minus := strings.CutPrefix(s, "-")
	if !minus {
		rest = strings.TrimPrefix(rest, "+")
	}
	hexadecimal := len(rest) > 1 && strings.EqualFold(rest[:2], "0x")
	switch {
	case base != 0:
	case hexadecimal:
		base = 16
	case strings.HasPrefix(rest, "0"):
		base = 8
	default:
		base = 10
	}
	digits := "0123456789abcdefABCDEF"
	if base < 16 {
		digits = digits[:base]
	} else if hexadecimal {
		rest = rest[2:]
	}
	word := rest[:len(rest)-len(strings.TrimLeft(rest, digits))]
	if word == "" {
		return 0, rest, false
	}
	n, err := strconv.ParseUint(word, base, 64)
	if minus && err == nil {
		n = -n
	}
	return n, rest[len(word):], true
}

// CNumber reads a whole text as C programs do an argument: as cNumber to the base 0,
// with blanks before it. ok is false where it is anything else.
func CNumber(s string) (n uint64, ok bool) {
	n, rest, ok := cNumber(strings.TrimLeft(s, " \t\n\v\f\r"), 0)
	return n, ok && rest == ""
}
