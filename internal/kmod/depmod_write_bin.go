package kmod

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
)

// binaries fills in the .bin files. They are collected one after the other and
// encoded side by side, beside what else is made there; it returns when all is.
func (w *depmodWriter) binaries(files []depmodFile, beside *sync.WaitGroup) error {
	makers := map[string]func(*indexWriter) error{
		"modules.dep.bin":           w.depIndex,
		"modules.alias.bin":         w.aliasIndex,
		"modules.symbols.bin":       w.symbolIndex,
		"modules.builtin.bin":       w.builtinIndex,
		"modules.builtin.alias.bin": w.builtinAliasIndex,
	}
	errs := make([]error, len(files))
	for i := range files {
		f := &files[i]
		fill := makers[f.name]
		if fill == nil {
			continue
		}
		var x indexWriter
		if errs[i] = fill(&x); errs[i] != nil {
			break
		}
		beside.Go(func() {
			data, err := x.encode()
			if err != nil {
				errs[i] = fmt.Errorf("%s: %w", f.name, err)
			}
			f.data = data
		})
	}
	beside.Wait()
	return errors.Join(errs...)
}

// put adds to an index and warns about what it cannot hold.
func (w *depmodWriter) put(x *indexWriter, key, value string, priority int) {
	if !x.add(key, value, uint32(priority)) {
		w.warn(fmt.Sprintf("WARNING: %q left out: an index holds 7-bit characters only", key))
	}
}

func (w *depmodWriter) depIndex(x *indexWriter) error {
	for i, m := range w.mods {
		w.put(x, m.name, w.depLines[i], m.index)
	}
	return nil
}

func (w *depmodWriter) aliasIndex(x *indexWriter) error {
	for _, m := range w.mods {
		var met map[string]bool // of this module; made when it is asked for
		if w.duplicates {
			met = map[string]bool{}
		}
		for _, a := range m.facts.aliases {
			key, ok := normalizeAlias(a)
			if !ok {
				w.warn("WARNING: Unmatched bracket in " + a)
				continue
			}
			if met[key] {
				w.warn("WARNING: duplicate module alias:\n" + key + " " + m.name)
			}
			if met != nil {
				met[key] = true
			}
			w.put(x, key, m.name, m.index)
		}
	}
	return nil
}

func (w *depmodWriter) symbolIndex(x *indexWriter) error {
	for _, name := range w.symbols.names {
		m := w.symbols.owner[name]
		w.put(x, "symbol:"+name, m.name, m.index)
	}
	return nil
}

// builtinIndex names the modules that are in the kernel image, from the
// build's modules.builtin. Without that file the index is valid and empty.
func (w *depmodWriter) builtinIndex(x *indexWriter) error {
	f := w.open("modules.builtin")
	if f == nil {
		return nil
	}
	defer f.Close()
	s := lineScanner(f)
	for s.Scan() {
		line := s.Text()
		if c := line[0] | 0x20; c < 'a' || c > 'z' {
			w.warn("ERROR: Invalid modules.builtin line: " + line)
			continue
		}
		file := strings.TrimSuffix(line, "\n")
		name, _, _ := strings.Cut(file[strings.LastIndexByte(file, '/')+1:], ".")
		if name == "" {
			continue
		}
		w.put(x, strings.ReplaceAll(name, "-", "_"), "", 0)
	}
	return named(f, s.Err())
}

// builtinAliasIndex holds the aliases of built-in modules, from the build's
// modules.builtin.modinfo (Linux 5.2).
func (w *depmodWriter) builtinAliasIndex(x *indexWriter) error {
	f := w.open("modules.builtin.modinfo")
	if f == nil {
		return nil
	}
	defer f.Close()
	err := readBuiltinModinfo(f, func(module, key, value string) {
		if key != "alias" || value == "" {
			return
		}
		if alias, ok := normalizeAlias(value); ok {
			w.put(x, alias, module, 0)
		} else {
			w.warn("WARNING: Unmatched bracket in " + value)
		}
	})
	if errors.Is(err, kernel.ErrDamaged) {
		w.warn(fmt.Sprintf("WARNING: %s: %v; what is behind is in no index", f.Name(), err))
		return nil
	}
	return named(f, err)
}

// open opens a file that the kernel's build may have left in the tree; nil when
// there is none, or it cannot be read, which is warned about.
func (w *depmodWriter) open(name string) *os.File {
	f, err := OpenPlain(path.Join(w.dir, name))
	if err != nil {
		w.warn(fmt.Sprintf("WARNING: could not open %s at %s: %s", name, w.dir, reasonOf(err)))
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
	if !strings.ContainsAny(alias, "-[]") {
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
