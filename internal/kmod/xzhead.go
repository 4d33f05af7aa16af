package kmod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
)

// XzHead is what the first bytes of a .xz file say of how it was made.
type XzHead struct {
	Check      string   `json:"check"`             // "none", "CRC32", "CRC64", "SHA-256", or a number
	Dictionary uint64   `json:"dictionary"`        // bytes, of the LZMA2 filter; 0 when there is none
	Filters    []string `json:"filters,omitempty"` // others before it, such as "x86"
}

// maxXzHead is as much of a file as its stream header and first block header
// can take: 12 and 1024 bytes (xz file format 1.0.4, 2.1.1 and 3.1).
const maxXzHead = 12 + 1024

// xzFilters are the identifiers of filters that .xz files can have (5.3).
var xzFilters = [...]string{
	3: "delta", 4: "x86", 5: "powerpc", 6: "ia64", 7: "arm", 8: "armthumb", 9: "sparc", 10: "arm64", 11: "riscv", 0x21: "lzma2",
}

// ParseXzHead reads the head of a .xz file from its first bytes. Its errors
// wrap nothing: what is no such file may still be a module.
func ParseXzHead(b []byte) (XzHead, error) {
	var h XzHead
	const streamHead = 12
	if len(b) < streamHead || !bytes.HasPrefix(b, []byte("\xfd7zXZ\x00")) || b[6] != 0 || b[7] > 15 {
		return h, errors.New("no xz stream")
	}
	switch b[7] {
	case 0:
		h.Check = "none"
	case 1:
		h.Check = "CRC32"
	case 4:
		h.Check = "CRC64"
	case 10:
		h.Check = "SHA-256"
	default:
		h.Check = fmt.Sprintf("number %d", b[7])
	}
	b = b[streamHead:]
	if len(b) == 0 || b[0] == 0 {
		return h, nil // no block: the stream is empty
	}
	if n := (int(b[0]) + 1) * 4; len(b) < n {
		return h, errors.New("the block header is cut off")
	} else {
		b = b[:n-4] // the last four bytes are its checksum
	}
	if len(b) < 2 {
		return h, errors.New("the block header is too short")
	}
	flags := b[1]
	b = b[2:]
	next := func() uint64 {
		v, n := binary.Uvarint(b)
		b = b[max(n, 0):]
		return v
	}
	for _, bit := range [...]byte{0x40, 0x80} { // sizes, which may be there
		if flags&bit != 0 {
			next()
		}
	}
	for range flags&3 + 1 {
		id, size := next(), next()
		if size > uint64(len(b)) {
			return h, errors.New("a filter's properties reach past the block header")
		}
		props := b[:size]
		b = b[size:]
		name := ""
		if id < uint64(len(xzFilters)) {
			name = xzFilters[id]
		}
		switch {
		case name == "":
			h.Filters = append(h.Filters, fmt.Sprintf("number %#x", id))
		case name != "lzma2":
			h.Filters = append(h.Filters, name)
		case len(props) == 1 && props[0] < 40:
			h.Dictionary = uint64(2|props[0]&1) << (props[0]/2 + 11) // 5.3.1
		case len(props) == 1 && props[0] == 40:
			h.Dictionary = 1<<32 - 1
		}
	}
	return h, nil
}

// Refused says why the decompressor inside Linux does not take such a file, ""
// when it does (lib/xz/xz_dec_stream.c, dec_stream_header: any check but none
// and CRC32 is XZ_OPTIONS_ERROR, as XZ_DEC_ANY_CHECK is not built in; xz_dec_bcj.c
// has a filter only where the kernel's configuration names it). A dictionary of
// any size is taken where there is memory for it (kernel/module/decompress.c,
// xz_dec_init with XZ_DYNALLOC and no limit; 128 MiB by a kernel with 512).
func (h XzHead) Refused() string {
	switch {
	case h.Check != "none" && h.Check != "CRC32":
		return fmt.Sprintf("its check is %s, and the kernel's own xz knows only CRC32", h.Check)
	case slices.ContainsFunc(h.Filters, func(f string) bool { return !slices.Contains(kernelXzFilters, f) }):
		return fmt.Sprintf("it has the filter %s, which the kernel's own xz does not have", h.Filters[0])
	}
	return ""
}

// kernelXzFilters are those a kernel may have (lib/xz/Kconfig, XZ_DEC_*).
var kernelXzFilters = []string{"x86", "powerpc", "ia64", "arm", "armthumb", "sparc", "arm64", "riscv"}

// xzRefused reads the head of an open .xz file and says why the kernel would
// not take it, "" when it may or nothing can be told.
func xzRefused(f fs.File) string {
	r, ok := f.(io.ReaderAt)
	if !ok {
		return ""
	}
	b := make([]byte, maxXzHead)
	n, err := r.ReadAt(b, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return ""
	}
	h, err := ParseXzHead(b[:n])
	if err != nil {
		return ""
	}
	return h.Refused()
}
