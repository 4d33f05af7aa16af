package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// MaxImage bounds the size in bytes of a module after decompression. The
// largest modules of distributions (amdgpu with debug information) stay below
// a third of it.
const MaxImage = 512 << 20

// moduleSuffixes are the endings of module files, longest first.
var moduleSuffixes = [...]struct{ suffix, compression string }{
	{".ko.zst", "zstd"},
	{".ko.xz", "xz"},
	{".ko.gz", "gzip"},
	{".ko", ""},
}

// Compression returns how a module file of that name is compressed: "xz",
// "zstd", "gzip", or "" for a plain .ko file and for any other name.
func Compression(name string) string {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(name, s.suffix) {
			return s.compression
		}
	}
	return ""
}

// moduleFileName returns the kernel's name of the module in a file of that
// base name: up to the first dot, dashes as underscores. It reports false for
// what is no module file.
func moduleFileName(base string) (string, bool) {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(base, s.suffix) && len(base) > len(s.suffix) {
			name, _, _ := strings.Cut(base, ".")
			return kernel.Normalize(name), name != ""
		}
	}
	return "", false
}

// OpenImage reads a module file to its end and returns the decompressed image.
// The compression is told by the content, so a wrong suffix does no harm. A
// file that is cut off, damaged, or larger than MaxImage gives an error that
// wraps kernel.ErrDamaged and names it.
func OpenImage(f fs.File, name string) ([]byte, error) {
	var d imageDecoder
	image, err := d.image(f, MaxImage)
	if err != nil {
		return nil, fmt.Errorf("module %s: %w", name, err)
	}
	return image, nil
}

// ReadModuleFile is OpenImage and ReadModule.
func ReadModuleFile(f fs.File, name string) (*ModuleFacts, error) {
	image, err := OpenImage(f, name)
	if err != nil {
		return nil, err
	}
	return ReadModule(image)
}

// compressionOf tells the compression from a file's first bytes.
func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "xz"
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip"
	}
	return ""
}

// imageDecoder turns module files into images. It keeps its buffers and
// decoders for the next file, so a worker that reads thousands makes them
// once. The zero value is ready. Not for several goroutines at once.
type imageDecoder struct {
	in, out bytes.Buffer
	unpack  Unpacker
}

// keptBuffer bounds what a decoder keeps for the next file, in bytes. A few
// modules are twenty times the size of most.
const keptBuffer = 4 << 20

// image reads r to its end and decompresses it. The result is valid until the
// next call.
func (d *imageDecoder) image(r io.Reader, limit int64) ([]byte, error) {
	for _, b := range []*bytes.Buffer{&d.in, &d.out} {
		if b.Reset(); b.Cap() > keptBuffer {
			*b = bytes.Buffer{}
		}
	}
	if err := readBounded(&d.in, r, limit); err != nil {
		return nil, err
	}
	return d.decode(d.in.Bytes(), limit)
}

// decode decompresses a whole file, which is returned as it is when it is not
// compressed.
func (d *imageDecoder) decode(file []byte, limit int64) ([]byte, error) {
	kind := compressionOf(file)
	if kind == "" {
		return file, nil
	}
	u, err := d.unpacker()
	if err != nil {
		return nil, err
	}
	r, err := u.Open(kind, bytes.NewReader(file))
	if err == nil {
		d.out.Grow(min(sizeHint(u, kind, file), int(limit)) + bytes.MinRead)
		err = readBounded(&d.out, r, limit)
	}
	if err != nil {
		if errors.Is(err, kernel.ErrDamaged) {
			return nil, err
		}
		return nil, fmt.Errorf("%w: %s: %s", kernel.ErrDamaged, kind, strings.TrimPrefix(err.Error(), kind+": "))
	}
	return d.out.Bytes(), nil
}

// readBounded appends all of r to b, and refuses more than limit bytes. The
// buffer grows with what really arrives, whatever the file claims.
func readBounded(b *bytes.Buffer, r io.Reader, limit int64) error {
	n, err := b.ReadFrom(io.LimitReader(r, limit+1))
	if err != nil {
		return err
	}
	if n > limit {
		return fmt.Errorf("%w: more than %d bytes", kernel.ErrDamaged, limit)
	}
	return nil
}
