package kmod

import (
	"regexp"

	"example.org/kmodsh/internal/kmod/unpack"
)

const maxXzDictionary = 64 << 20

func init() {
	SetUnpacker(func() Unpacker { return &unpack.Reader{} })
	SetPatterns(func(pattern, s string) bool {
		re, err := regexp.CompilePOSIX(pattern)
		return err == nil && re.MatchString(s)
	})
}
