package kmod

import (
	"bytes"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// IsModuleFile says whether a file of that name is a module file by its
// ending, compressed or not. Of the ending alone nothing is left (libkmod,
// path_ends_with_kmod_ext).
func IsModuleFile(name string) bool {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(name, s.suffix) && len(name) > len(s.suffix) {
			return true
		}
	}
	return false
}

// BuiltinInfo returns the fields that modules.builtin.modinfo has of a built-in
// module, in the order of the file (Linux 5.2 and later make it: strings
// MODULE.KEY=VALUE, each with a zero byte behind it); none without that file. The
// fields of a module are together there, and as for libkmod those that are not do
// not count. A string of another form before them is an error that wraps
// kernel.ErrDamaged; zeros between are none (Linux 6.18 pads the file).
func (r *Resolver) BuiltinInfo(module string) ([]InfoField, error) {
	text, err := r.tree.readText("modules.builtin.modinfo")
	if err != nil {
		return nil, err
	}
	prefix := []byte(kernel.Normalize(module) + ".")
	var fields []InfoField
	for offset := 0; offset < len(text); {
		field, _, _ := bytes.Cut(text[offset:], []byte{0})
		at := offset
		if offset += len(field) + 1; len(field) == 0 {
			continue
		}
		if !bytes.ContainsRune(field, '.') {
			return nil, fmt.Errorf("%w: modules.builtin.modinfo at offset %d: %.64q names no module", kernel.ErrDamaged, at, field)
		}
		rest, ok := bytes.CutPrefix(field, prefix)
		if !ok && fields != nil {
			break
		}
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(string(rest), "=")
		fields = append(fields, InfoField{key, value})
	}
	return fields, nil
}
