package kmod

import (
	"encoding/binary"
	"unsafe"
)

// Of each byte of a word: 1, and the bit that 7-bit characters do not have.
const (
	eachByte = 0x0101010101010101
	highBits = 0x80 * eachByte
)

// indexable says that an index can hold a string: 7-bit characters, and no NUL.
func indexable(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		// What is taken from a NUL sets the high bit.
		if x := word(s); (x|(x-eachByte))&highBits != 0 {
			return false
		}
	}
	for i := range len(s) {
		if s[i]-1 >= 0x7f {
			return false
		}
	}
	return true
}

// unprintable says that no line can hold a field.
func unprintable(s string) bool {
	for ; len(s) >= 8; s = s[8:] {
		// So does what is taken from a control character, and what is added to DEL.
		if x := word(s); (x|(x-' '*eachByte)|(x+eachByte))&highBits != 0 {
			break
		}
	}
	for i := range len(s) {
		if c := s[i]; c-' ' >= 0x7f-' ' && c != '\t' {
			return true
		}
	}
	return false
}

// word is the first eight bytes of a string.
func word(s string) uint64 {
	return binary.LittleEndian.Uint64(unsafe.Slice(unsafe.StringData(s), 8))
}
