package kmod

import (
	"bytes"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// textIndex is a text index, read whole: the fallback where a tree has no
// binary one. Its entries are in the file's order, which is the order of
// priority that depmod gave them.
type textIndex struct {
	entries []indexMatch
	byKey   map[string]int // first entry of a key
}

// parseTextIndex reads a text index. What is no line of such a file makes it
// damaged.
func parseTextIndex(kind indexKind, b []byte, file string) (*textIndex, error) {
	t := &textIndex{byKey: map[string]int{}}
	var err error
	switch kind {
	case indexBuiltinAlias:
		err = t.parseModinfo(b, file)
	default:
		err = t.parseLines(kind, b, file)
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (t *textIndex) add(key, value string) {
	if _, ok := t.byKey[key]; !ok {
		t.byKey[key] = len(t.entries)
	}
	t.entries = append(t.entries, indexMatch{key: key, value: value, priority: uint32(len(t.entries))})
}

func (t *textIndex) parseLines(kind indexKind, b []byte, file string) error {
	for n := 1; len(b) > 0; n++ {
		var raw []byte
		raw, b, _ = bytes.Cut(b, []byte{'\n'})
		line := string(raw)
		if line == "" || line[0] == '#' {
			continue
		}
		if len(line) > maxIndexValue {
			return fmt.Errorf("%s:%d: %w: a line longer than %d bytes; run depmod to make it anew", file, n, kernel.ErrDamaged, maxIndexValue)
		}
		key, value, ok := parseIndexLine(kind, line)
		if !ok {
			return fmt.Errorf("%s:%d: %w: %q is no line of %s; run depmod to make it anew", file, n, kernel.ErrDamaged, clipText(line), kind)
		}
		t.add(key, value)
	}
	return nil
}

// parseIndexLine takes a line of a text index apart into what the binary index
// has as key and value.
func parseIndexLine(kind indexKind, line string) (key, value string, ok bool) {
	for i := 0; i < len(line); i++ {
		if line[i] < ' ' && line[i] != '\t' || line[i] == 0x7f {
			return "", "", false
		}
	}
	switch kind {
	case indexDep:
		path, _, ok := strings.Cut(line, ":")
		name := moduleNameOf(path)
		return name, line, ok && name != ""
	case indexBuiltin:
		name := moduleNameOf(line)
		return name, "", name != ""
	}
	f := strings.Fields(line)
	if len(f) != 3 || f[0] != "alias" {
		return "", "", false
	}
	return f[1], f[2], true
}

// parseModinfo reads the aliases in modules.builtin.modinfo: NUL-ended strings
// MODULE.KEY=VALUE (kernel: Documentation/kbuild/kbuild.rst; depmod makes
// modules.builtin.alias.bin of it).
func (t *textIndex) parseModinfo(b []byte, file string) error {
	for at := 0; at < len(b); {
		end := bytes.IndexByte(b[at:], 0)
		if end < 0 {
			return fmt.Errorf("%s: %w at byte %d: its last string has no end", file, kernel.ErrDamaged, at)
		}
		s := string(b[at : at+end])
		module, rest, ok := strings.Cut(s, ".")
		key, value, ok2 := strings.Cut(rest, "=")
		if !ok || !ok2 || module == "" {
			if s == "" { // padding
				at += end + 1
				continue
			}
			return fmt.Errorf("%s: %w at byte %d: %q is not MODULE.KEY=VALUE", file, kernel.ErrDamaged, at, clipText(s))
		}
		if key == "alias" {
			if alias, ok := normalizeAlias(value); ok {
				t.add(alias, kernel.Normalize(module))
			}
		}
		at += end + 1
	}
	return nil
}

// first implements indexReader.
func (t *textIndex) first(key string) (string, bool, error) {
	i, ok := t.byKey[key]
	if !ok {
		return "", false, nil
	}
	return t.entries[i].value, true, nil
}

// match implements indexReader.
func (t *textIndex) match(key string) ([]indexMatch, error) {
	var out []indexMatch
	for _, e := range t.entries {
		if globMatch(e.key, key) {
			out = append(out, e)
		}
	}
	return out, nil
}

// walk implements indexReader.
func (t *textIndex) walk(prefix string, fn func(key, value string) bool) error {
	for _, e := range t.entries {
		if strings.HasPrefix(e.key, prefix) && !fn(e.key, e.value) {
			return nil
		}
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
