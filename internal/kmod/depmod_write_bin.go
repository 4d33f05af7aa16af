package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// put adds to an index and warns about what it cannot hold.
func put(x *indexWriter, warn func(string), key, value string, priority int) {
	if !x.add(key, value, uint32(priority)) {
		warn(fmt.Sprintf("WARNING: %q left out: an index holds 7-bit characters only", key))
	}
}

func (w *depmodWriter) depIndex(x *indexWriter, warn func(string)) error {
	x.entries = make([]indexEntry, 0, len(w.mods))
	for i, m := range w.mods {
		put(x, warn, m.name, w.depLines[i], m.index)
	}
	return nil
}

func (w *depmodWriter) aliasIndex(x *indexWriter, warn func(string)) error {
	n := 0
	for _, m := range w.mods {
		n += len(m.facts.aliases)
	}
	x.entries = make([]indexEntry, 0, n)
	for _, m := range w.mods {
		var met map[string]bool // of this module; made when it is asked for
		if w.duplicates {
			met = map[string]bool{}
		}
		for _, a := range m.facts.aliases {
			key, ok := normalizeAlias(a)
			if !ok {
				warn("WARNING: Unmatched bracket in " + a)
				continue
			}
			if met[key] {
				warn("WARNING: duplicate module alias:\n" + key + " " + m.name)
			}
			if met != nil {
				met[key] = true
			}
			put(x, warn, key, m.name, m.index)
		}
	}
	return nil
}

func (w *depmodWriter) symbolIndex(x *indexWriter, warn func(string)) error {
	x.entries = make([]indexEntry, 0, len(w.symbolKeys))
	for i, id := range w.symbols.exported {
		m := w.symbols.owner[id]
		put(x, warn, w.symbolKeys[i], m.name, m.index)
	}
	return nil
}

// builtinIndex names the modules that are in the kernel image, from the
// build's modules.builtin. Without that file the index is valid and empty.
func (w *depmodWriter) builtinIndex(x *indexWriter, warn func(string)) error {
	f := w.open("modules.builtin", warn)
	if f == nil {
		return nil
	}
	defer f.Close()
	s := lineScanner(f)
	for s.Scan() {
		line := s.Text()
		if c := line[0] | 0x20; c < 'a' || c > 'z' {
			warn("ERROR: Invalid modules.builtin line: " + line)
			continue
		}
		file := strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(file[strings.LastIndexByte(file, '/')+1:], ".")
		if name == "" {
			continue
		}
		put(x, warn, strings.ReplaceAll(name, "-", "_"), "", 0)
	}
	return named(f, s.Err())
}

// builtinAliasIndex holds the aliases of built-in modules, from the build's
// modules.builtin.modinfo (Linux 5.2).
func (w *depmodWriter) builtinAliasIndex(x *indexWriter, warn func(string)) error {
	f := w.open("modules.builtin.modinfo", warn)
	if f == nil {
		return nil
	}
	defer f.Close()
	err := readBuiltinModinfo(f, func(module, key, value string) {
		if key != "alias" || value == "" {
			return
		}
		if alias, ok := normalizeAlias(value); ok {
			put(x, warn, alias, module, 0)
		} else {
			warn("WARNING: Unmatched bracket in " + value)
		}
	})
	if errors.Is(err, kernel.ErrDamaged) {
		warn(fmt.Sprintf("WARNING: %s: %v; what is behind is in no index", f.Name(), err))
		return nil
	}
	return named(f, err)
}

// open opens a file that the kernel's build may have left in the tree; nil when
// there is none, or it cannot be read, which is warned about.
func (w *depmodWriter) open(name string, warn func(string)) *os.File {
	f, err := OpenPlain(path.Join(w.dir, name))
	if err != nil {
		warn(fmt.Sprintf("WARNING: could not open %s at %s: %s", name, w.dir, reasonOf(err)))
		return nil
	}
	return f
}

func named(f *os.File, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", f.Name(), err)
	}
	return nil
}

// normalizeAlias gives an alias the form the index has: dashes as underscores,
// except in a bracket expression, where they make ranges. It reports false
// when a bracket has no partner.
func normalizeAlias(alias string) (string, bool) {
	if strings.IndexByte(alias, '-') < 0 && strings.IndexByte(alias, '[') < 0 && strings.IndexByte(alias, ']') < 0 {
		return alias, true
	}
	b := []byte(alias)
	for i := 0; i < len(b); i++ {
		switch b[i] {
		case '-':
			b[i] = '_'
		case ']':
			return string(b), false
		case '[':
			n := bytes.IndexByte(b[i:], ']')
			if n < 0 {
				return string(b), false
			}
			i += n
		}
	}
	return string(b), true
}
