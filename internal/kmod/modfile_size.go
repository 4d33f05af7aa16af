package kmod

import (
	"bytes"
	"encoding/binary"
	"io"
)

// maxSizeRatio is how many times its own length a file is believed to hold;
// modules are compressed to a fifth or so.
const maxSizeRatio = 64

// sizeClaim returns the size in bytes after decompression that a compressed
// file of length bytes claims, 0 where it does not say: the last words of the
// formats say it. It is a lower bound of a file that is sound. likely says
// whether a buffer of that size should be made before anything has come.
func sizeClaim(u Unpacker, kind string, file io.ReaderAt, length int64) (size uint64, likely bool) {
	part := make([]byte, min(length, packedTail))
	at := int64(0)
	if kind != "zstd" {
		at = length - int64(len(part))
	}
	if n, _ := file.ReadAt(part, at); n < len(part) {
		return 0, false // it fails when it is decompressed
	}
	switch kind {
	case "xz":
		size = xzSize(part)
	case "zstd":
		size = u.ZstdSize(part)
	case "gzip":
		if len(part) >= 4 {
			size = uint64(binary.LittleEndian.Uint32(part[len(part)-4:]))
		}
	}
	return size, size <= maxSizeRatio*uint64(length)
}

// xzSize adds up the block sizes in the index at the end of a .xz file (xz
// file format 1.0.4, 2.1.2 and 4).
func xzSize(file []byte) uint64 {
	const footer = 12
	body, ok := bytes.CutSuffix(file, []byte("YZ"))
	if !ok || len(file) < footer {
		return 0
	}
	back := (uint64(binary.LittleEndian.Uint32(body[len(body)-6:])) + 1) * 4
	if back > uint64(len(file)-footer) {
		return 0
	}
	index := file[len(file)-footer-int(back) : len(file)-footer]
	if index[0] != 0 {
		return 0
	}
	index = index[1:]
	next := func() uint64 {
		v, n := binary.Uvarint(index)
		index = index[max(n, 0):]
		return v
	}
	var size uint64
	for n := next(); n > 0 && len(index) > 0; n-- {
		next() // size in the file
		block := next()
		if size += block; block > MaxImage || size > MaxImage {
			return MaxImage + 1 // sums do not go round
		}
	}
	return size
}
