package kmod

import (
	"bytes"
	"encoding/binary"
	"strings"
)

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
	text := string(section)
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

// Signature says how a module is signed, as far as the trailer of the file
// tells without looking into the signature itself.
type Signature struct {
	IDType string `json:"id_type"` // "PGP", "X509" or "PKCS#7"; "unknown" for others
	Length int    `json:"length"`  // bytes of the signature
	Offset int    `json:"offset"`  // where it starts in the image; the module ends before
}

// signatureMark ends a signed module (include/linux/module_signature.h).
const signatureMark = "~Module signature appended~\n"

// ModuleSignature returns the signature appended to a module image, false when
// there is none or its trailer (struct module_signature: six bytes and
// padding, then the length as a big endian word) makes no sense.
func ModuleSignature(image []byte) (Signature, bool) {
	body, ok := bytes.CutSuffix(image, []byte(signatureMark))
	const trailer = 12
	if !ok || len(body) < trailer {
		return Signature{}, false
	}
	t := body[len(body)-trailer:]
	n := uint64(binary.BigEndian.Uint32(t[8:])) + uint64(t[3]) + uint64(t[4])
	if n > uint64(len(body)-trailer) {
		return Signature{}, false
	}
	s := Signature{IDType: "unknown", Length: int(n), Offset: len(body) - trailer - int(n)}
	if names := []string{"PGP", "X509", "PKCS#7"}; int(t[2]) < len(names) {
		s.IDType = names[t[2]]
	}
	return s, true
}
