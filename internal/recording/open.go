package recording

import (
	"bytes"
	"fmt"
	"os"
)

// IsTrace says whether a file beginning with these bytes, at least two, may be
// a trace.
func IsTrace(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

// ReadFile reads a trace file.
func ReadFile(name string) (*Recording, error) {
	f, err := OpenFile(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := Read(f)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return r, err
}

// OpenFile opens a file for reading that is a file: at a pipe one would wait for
// whoever writes to it, and a device may have no end.
func OpenFile(name string) (*os.File, error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	return os.Open(name)
}
