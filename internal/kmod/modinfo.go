package kmod

import "strings"

// InfoField is one field of a module's .modinfo section.
type InfoField struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Modinfo returns the fields of a module image's .modinfo section in file
// order; none when there is no such section. Its errors wrap
// kernel.ErrDamaged.
func Modinfo(image []byte) ([]InfoField, error) {
	f, err := elfOpen(elfImage(image))
	if err != nil {
		return nil, err
	}
	b, err := f.section(secModinfo)
	if err != nil {
		return nil, err
	}
	return parseModinfo(b), nil
}

// parseModinfo splits a .modinfo section: NUL-terminated KEY=VALUE strings,
// with any padding between (include/linux/moduleparam.h, __MODULE_INFO). What
// has no equals sign is a key without value, as for libkmod.
func parseModinfo(section []byte) []InfoField {
	var fields []InfoField
	text := strings.TrimLeft(string(section), "\x00")
	if len(text) == 1 {
		return nil // as for libkmod
	}
	for len(text) > 0 {
		field, rest, _ := strings.Cut(text, "\x00")
		text = rest
		if field == "" {
			continue
		}
		key, value, _ := strings.Cut(field, "=")
		fields = append(fields, InfoField{key, value})
	}
	return fields
}
