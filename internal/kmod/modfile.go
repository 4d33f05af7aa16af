package kmod

import (
	"bytes"
	"fmt"
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
	if moduleSuffix(base) == "" {
		return "", false
	}
	name, _, _ := strings.Cut(base, ".")
	return kernel.Normalize(name), name != ""
}

// moduleSuffix is the end of a module file's name, "" of what is none.
func moduleSuffix(base string) string {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(base, s.suffix) && len(base) > len(s.suffix) {
			return s.suffix
		}
	}
	return ""
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
	case len(head) < longestMagic: // nothing, whatever it begins with
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return "xz"
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		return "gzip"
	}
	return ""
}
