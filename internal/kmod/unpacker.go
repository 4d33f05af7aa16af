package kmod

import (
	"errors"
	"io"
)

// Unpacker decompresses streams, one after the other; unpack.Reader is one.
// Packages that open module files link it in (internal/kmod/unpack/link).
type Unpacker interface {
	// Open readies the decoder for "xz", "zstd" or "gzip".
	Open(kind string, r io.Reader) (io.Reader, error)
	// ZstdSize returns the size a zstd frame claims in bytes, 0 for unknown.
	ZstdSize(file []byte) uint64
	// FreeMemory returns what is no longer used to the system at once.
	FreeMemory()
}

var newUnpacker func() Unpacker

// matchPattern says whether a POSIX extended regular expression, as depmod.d
// has them, matches in s; one that is none does not.
var matchPattern func(pattern, s string) bool

// SetPatterns says what matches regular expressions.
func SetPatterns(match func(pattern, s string) bool) { matchPattern = match }

// SetUnpacker says what decompresses module files. It is called before any is
// opened.
func SetUnpacker(f func() Unpacker) { newUnpacker = f }

// unpacker returns the decoder's own decompressor.
func (d *imageDecoder) unpacker() (Unpacker, error) {
	if d.unpack == nil {
		if newUnpacker == nil {
			return nil, errors.New("this program has no decoders linked in (internal/kmod/unpack/link)")
		}
		d.unpack = newUnpacker()
	}
	return d.unpack, nil
}
