// Package link gives package kmod the decoders and the regular expressions that
// depmod and the loading of modules need and the resolving of names does not.
// Whoever opens module files imports it for that effect alone.
//
// It must not know anything else.
package link

import (
	"regexp"

	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/unpack"
)

func init() {
	kmod.SetUnpacker(func() kmod.Unpacker { return &unpack.Reader{} })
	kmod.SetPatterns(func(pattern, s string) bool {
		re, err := regexp.CompilePOSIX(pattern)
		return err == nil && re.MatchString(s)
	})
}
