// Package unpack decompresses streams the way module files are compressed: xz,
// zstd and gzip. It is apart from package kmod because its decoders prepare
// tables when a program starts, and a program that only looks a name up, for
// which a kernel may be waiting, must not pay for them.
//
// It must not know modules.
package unpack

import (
	"fmt"
	"io"
	"runtime/debug"

	"github.com/klauspost/compress/zstd"
	"github.com/therootcompany/xz"
)

// Bounds on what a compressed file may ask of its decoder: the dictionary of
// xz -9, and the window that zstd allows without --long.
const (
	maxXzDictionary = 64 << 20
	maxZstdWindow   = 128 << 20
)

// Reader decodes one stream after the other and keeps its decoders for the
// next. The zero value is ready. Not for several goroutines at once.
type Reader struct {
	xz   *xz.Reader
	zstd *zstd.Decoder
	gzip gzipFile
}

// FreeMemory returns what is no longer used to the system at once, before a large
// image is made room for.
func (u *Reader) FreeMemory() { debug.FreeOSMemory() }

// Open readies the decoder for a kind of compression ("xz", "zstd" or "gzip").
// What it returns is valid until the next Open.
func (u *Reader) Open(kind string, r io.Reader) (io.Reader, error) {
	var err error
	switch kind {
	case "xz":
		if u.xz == nil {
			u.xz, err = xz.NewReader(r, maxXzDictionary)
			return u.xz, err
		}
		return u.xz, u.xz.Reset(r)
	case "zstd":
		if u.zstd == nil {
			u.zstd, err = zstd.NewReader(r, zstd.WithDecoderConcurrency(1),
				zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
			return u.zstd, err
		}
		return u.zstd, u.zstd.Reset(r)
	case "gzip":
		return &u.gzip, u.gzip.open(r)
	}
	return nil, fmt.Errorf("%q is no kind of compression", kind)
}

// ZstdSize returns the size in bytes that the header of a zstd frame claims, 0
// when it does not say.
func (u *Reader) ZstdSize(file []byte) uint64 {
	var h zstd.Header
	if h.Decode(file) == nil && h.HasFCS {
		return h.FrameContentSize
	}
	return 0
}
