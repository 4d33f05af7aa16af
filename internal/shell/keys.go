package shell

import "bytes"

// splitKeys cuts what a terminal sent into keys, the way the line editor wants
// them: one key in each piece, but printable text in one piece, since it is
// inserted whole. rest is an escape sequence without its end yet.
func splitKeys(b []byte) (keys [][]byte, rest []byte) {
	for len(b) > 0 {
		n := 1
		switch {
		case b[0] == 0x1b:
			if n = escapeLen(b); n == 0 {
				return keys, bytes.Clone(b)
			}
		case printableByte(b[0]):
			for n < len(b) && printableByte(b[n]) {
				n++
			}
			if cut := incompleteRune(b[:n]); cut > 0 && n == len(b) && cut < n {
				keys = append(keys, bytes.Clone(b[:n-cut]))
				return keys, bytes.Clone(b[n-cut:])
			} else if cut == n && n == len(b) && n < 4 {
				return keys, bytes.Clone(b)
			}
		}
		keys = append(keys, bytes.Clone(b[:n]))
		b = b[n:]
	}
	return keys, nil
}

// maxEscape is the longest escape sequence waited for, in bytes; more than that
// is no key.
const maxEscape = 32

// escapeLen is the length of the escape sequence at the start of b, 0 when it
// has no end yet (ECMA-48: CSI parameters end at a byte from 0x40 to 0x7e).
func escapeLen(b []byte) int {
	if len(b) == 1 {
		return 0
	}
	if b[1] != '[' && b[1] != 'O' {
		return 1 // Escape, or Alt with the key behind it
	}
	for n := 2; n < len(b) && n < maxEscape; n++ {
		if b[n] >= 0x40 && b[n] <= 0x7e {
			return n + 1
		}
	}
	if len(b) >= maxEscape {
		return maxEscape
	}
	return 0
}

func printableByte(c byte) bool { return c >= 0x20 && c != 0x7f }

// incompleteRune is how many bytes at the end of b begin a UTF-8 sequence that
// is not whole.
func incompleteRune(b []byte) int {
	for i := 1; i <= 3 && i <= len(b); i++ {
		c := b[len(b)-i]
		switch {
		case c < 0x80:
			return 0
		case c >= 0xc0:
			need := 2
			if c >= 0xf0 {
				need = 4
			} else if c >= 0xe0 {
				need = 3
			}
			if i < need {
				return i
			}
			return 0
		}
	}
	return 0
}
