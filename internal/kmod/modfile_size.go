package kmod

import (
	"bytes"
	"encoding/binary"
)

// maxSizeRatio is how many times its own length a file is believed to hold;
// modules are compressed to a fifth or so.
const maxSizeRatio = 64

// sizeHint returns the decompressed size in bytes that a compressed file
// claims, so that its buffer can be made at once: the last words of the
// formats say it. It is 0 when the file does not say or says something
// unlikely; nothing depends on its being right.
func sizeHint(u Unpacker, kind string, file []byte) int {
	var size uint64
	switch kind {
	case "xz":
		size = xzSize(file)
	case "zstd":
		size = u.ZstdSize(file)
	case "gzip":
		if len(file) >= 4 {
			size = uint64(binary.LittleEndian.Uint32(file[len(file)-4:]))
		}
	}
	if size > MaxImage || size > maxSizeRatio*uint64(len(file)) {
		return 0
	}
	return int(size)
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
			return 0
		}
	}
	return size
}
