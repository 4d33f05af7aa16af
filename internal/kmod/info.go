package kmod

import (
	"bytes"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// IsModuleFile says whether a file of that name is a module file by its
// ending, compressed or not.
func IsModuleFile(name string) bool {
	for _, s := range moduleSuffixes {
		if strings.HasSuffix(name, s.suffix) {
			return true
		}
	}
	return false
}

// BuiltinInfo returns the fields that modules.builtin.modinfo has of a built-in
// module, in the order of the file (Linux 5.2 and later make it: strings
// MODULE.KEY=VALUE, each with a zero byte behind it); none without that file.
func (r *Resolver) BuiltinInfo(module string) ([]InfoField, error) {
	text, err := r.tree.readText("modules.builtin.modinfo")
	if err != nil {
		return nil, err
	}
	prefix := []byte(kernel.Normalize(module) + ".")
	var fields []InfoField
	for len(text) > 0 {
		var field []byte
		field, text, _ = bytes.Cut(text, []byte{0})
		rest, ok := bytes.CutPrefix(field, prefix)
		if !ok {
			continue
		}
		key, value, _ := strings.Cut(string(rest), "=")
		fields = append(fields, InfoField{key, value})
	}
	return fields, nil
}
