package kmod

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// maxBuiltinField bounds one field of modules.builtin.modinfo in bytes.
const maxBuiltinField = 1 << 20

// readBuiltinModinfo calls fn for every field of a modules.builtin.modinfo:
// MODULE.KEY=VALUE, each ended by a NUL; what is behind the last NUL was cut off, and
// does not count. Without the = the value is empty; what has another form is passed
// over. A field of maxBuiltinField bytes, or one
// that ends beyond maxTextFile, ends it with an error that wraps
// kernel.ErrDamaged and gives the offset.
func readBuiltinModinfo(r io.Reader, fn func(module, key, value string)) error {
	offset := 0
	s := bufio.NewScanner(r)
	s.Buffer(nil, maxBuiltinField)
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		n := bytes.IndexByte(data, 0)
		next := n + 1
		switch {
		case n >= 0:
		case len(data) >= maxBuiltinField:
			return 0, nil, fmt.Errorf("%w at offset %d: a field of more than %d bytes", kernel.ErrDamaged, offset, maxBuiltinField)
		default:
			return 0, nil, nil
		}
		if offset+next > maxTextFile {
			return 0, nil, fmt.Errorf("%w at offset %d: larger than %d bytes", kernel.ErrDamaged, offset, maxTextFile)
		}
		offset += next
		return next, data[:n], nil
	})
	for s.Scan() {
		field, value, _ := strings.Cut(s.Text(), "=")
		module, key, dot := strings.Cut(field, ".")
		if dot && module != "" && key != "" {
			fn(module, key, value)
		}
	}
	return s.Err()
}
