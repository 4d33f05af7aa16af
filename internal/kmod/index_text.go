package kmod

import (
	"bytes"
	"fmt"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// textIndex is the index in a text file.
func textIndex(kind indexKind, b []byte, file string) (*binIndex, error) {
	image, err := textIndexImage(kind, b, file)
	if err != nil {
		return nil, err
	}
	return newBinIndex(bytes.NewReader(image), int64(len(image)), file)
}

// textIndexImage makes of a text index, the fallback where a tree has no
// binary one, the binary index that depmod would write next to it; so that
// there is one way to look names up. What is no line of such a file makes it
// damaged.
func textIndexImage(kind indexKind, b []byte, file string) ([]byte, error) {
	p := textParser{kind: kind, file: file, ranks: map[string]uint32{}}
	var err error
	if kind == indexBuiltinAlias {
		err = p.modinfo(b)
	} else {
		err = p.lines(b)
	}
	if err != nil {
		return nil, err
	}
	image, err := p.index.encode()
	if err != nil {
		return nil, fmt.Errorf("%s: %w: %w", file, kernel.ErrDamaged, err)
	}
	return image, nil
}

// textParser turns lines into entries of an index. The text has modules in
// the order of their priority, so a module's first line tells it.
type textParser struct {
	kind  indexKind
	file  string
	index indexWriter
	ranks map[string]uint32
}

// lines reads all lines. Of a file that was cut off the last has no end, and may
// lack names without which it looks sound.
func (p *textParser) lines(b []byte) error {
	for n, at := 1, int64(0); len(b) > 0; n++ {
		raw, rest, ended := bytes.Cut(b, []byte{'\n'})
		line := string(raw)
		if !ended {
			return fmt.Errorf("%s:%d: %w at byte %d: the last line has no end, %q; run depmod to make it anew", p.file, n, kernel.ErrDamaged, at, clipText(line))
		}
		if line != "" && line[0] != '#' {
			key, value, ok := parseIndexLine(p.kind, line)
			if !ok || !p.add(key, value) {
				return damagedLine(p.file, n, at, line, string(p.kind))
			}
		}
		b, at = rest, at+int64(len(raw))+1
	}
	return nil
}

// add puts in an entry; false is for one that no index can hold. An alias with
// an unmatched bracket is left out, as depmod does.
func (p *textParser) add(key, value string) bool {
	if len(key) > maxIndexKey || len(value) > maxIndexValue {
		return false
	}
	rank := uint32(0)
	switch p.kind {
	case indexAlias, indexSymbol, indexBuiltinAlias:
		var ok bool
		if key, ok = normalizeAlias(key); !ok {
			return true
		}
		if p.kind == indexBuiltinAlias {
			break // depmod gives them all the same priority
		}
		if rank, ok = p.ranks[value]; !ok {
			rank = uint32(len(p.ranks))
			p.ranks[value] = rank
		}
	case indexDep:
		rank = uint32(len(p.index.entries)) // of two files with one name the first
	}
	return p.index.add(key, value, rank)
}

// parseIndexLine takes a line of a text index apart into what the binary index
// has as key and value.
func parseIndexLine(kind indexKind, line string) (key, value string, ok bool) {
	if !plainText(line) {
		return "", "", false
	}
	switch kind {
	case indexDep:
		file, needs, ok := strings.Cut(line, ":")
		name, whole := moduleFileName(path.Base(file))
		for need := range strings.FieldsSeq(needs) {
			_, is := moduleFileName(path.Base(need))
			whole = whole && is
		}
		return name, line, ok && whole
	case indexBuiltin:
		name, ok := moduleFileName(path.Base(line))
		return name, "", ok
	}
	f := strings.Fields(line)
	if len(f) != 3 || f[0] != "alias" {
		return "", "", false
	}
	return f[1], f[2], true
}

// modinfo reads the aliases in modules.builtin.modinfo: NUL-ended strings
// MODULE.KEY=VALUE (kernel: Documentation/kbuild/kbuild.rst).
func (p *textParser) modinfo(b []byte) error {
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], 0)
		if end < 0 {
			return damaged(p.file, int64(at), "its last string has no end")
		}
		s := string(b[at : at+end])
		field, value, ok := strings.Cut(s, "=")
		module, key, dot := strings.Cut(field, ".")
		switch {
		case s == "": // padding
		case !ok || !dot || module == "":
			return damaged(p.file, int64(at), fmt.Sprintf("%q is not MODULE.KEY=VALUE", clipText(s)))
		case key == "alias" && !p.add(value, kernel.Normalize(module)):
			return damaged(p.file, int64(at), fmt.Sprintf("%q cannot be an alias", clipText(s)))
		}
		at += end + 1
	}
	return nil
}

// clipText shortens text from a file for a message.
func clipText(s string) string {
	if len(s) > 60 {
		return s[:60] + "..."
	}
	return s
}
