package kmod

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// dependencyLines makes for each module a line: its file and the files of all it
// needs, in the order they have to be unloaded; and returns the text of all.
func (w *depmodWriter) dependencyLines() []byte {
	w.depLines = make([]string, len(w.mods))
	met := make([]int, len(w.mods))
	ends := make([]int, len(w.mods))
	var deps []*depmodModule
	b := make([]byte, 0, 128*len(w.mods))
	for i, m := range w.mods {
		b = append(append(b, m.rel...), ':')
		deps = m.allDeps(deps, met)
		for _, d := range deps {
			b = append(append(b, ' '), d.rel...)
		}
		ends[i] = len(b)
		b = append(b, '\n')
	}
	text, start := string(b), 0
	for i, end := range ends {
		w.depLines[i] = text[start:end]
		start = end + 1
	}
	return b
}

// sortSymbols brings the symbols into the order of modules.symbols, and makes
// their keys.
func (w *depmodWriter) sortSymbols() {
	s := w.symbols
	sortAsTable(s.exported, symbolBuckets, func(id uint32) string { return s.names[id] })
	const before = "symbol:"
	size := 0
	for _, id := range s.exported {
		size += len(before) + len(s.names[id])
	}
	var b strings.Builder // of all, in one piece
	b.Grow(size)
	w.symbolKeys = make([]string, len(s.exported))
	for i, id := range s.exported {
		start := b.Len()
		b.WriteString(before)
		b.WriteString(s.names[id])
		w.symbolKeys[i] = b.String()[start:]
	}
}

func (w *depmodWriter) alias(func(string)) []byte {
	b := []byte("# Aliases extracted from modules themselves.\n")
	size := len(b)
	for _, m := range w.mods {
		for _, a := range m.facts.aliases {
			size += len("alias   \n") + len(a) + len(m.name)
		}
	}
	b = slices.Grow(b, size-len(b))
	for _, m := range w.mods {
		for _, a := range m.facts.aliases {
			b = appendWords(b, "alias", a, m.name)
		}
	}
	return b
}

func (w *depmodWriter) softdep(func(string)) []byte {
	b := []byte("# Soft dependencies extracted from modules themselves.\n")
	for _, m := range w.mods {
		for _, s := range m.facts.softdeps {
			b = appendWords(b, "softdep", m.name, s)
		}
	}
	return b
}

func (w *depmodWriter) weakdep(func(string)) []byte {
	b := []byte("# Weak dependencies extracted from modules themselves.\n")
	for _, m := range w.mods {
		for _, s := range m.facts.weakdeps {
			b = appendWords(b, "weakdep", m.name, s)
		}
	}
	return b
}

func (w *depmodWriter) symbolAliases(func(string)) []byte {
	b := []byte("# Aliases for symbols, used by symbol_request().\n")
	size := len(b)
	for i, id := range w.symbols.exported {
		size += len("alias   \n") + len(w.symbolKeys[i]) + len(w.symbols.owner[id].name)
	}
	b = slices.Grow(b, size-len(b))
	for i, id := range w.symbols.exported {
		b = appendWords(b, "alias", w.symbolKeys[i], w.symbols.owner[id].name)
	}
	return b
}

func appendWords(b []byte, first, second, third string) []byte {
	b = append(append(b, first...), ' ')
	b = append(append(b, second...), ' ')
	return append(append(b, third...), '\n')
}

// devname lists the device nodes that udev and the like make before there is
// a driver, so that opening one loads the module: those of modules with an
// alias devname:NODE and one for the device's numbers. As kmod's, the file is
// empty when there is none.
func (w *depmodWriter) devname(warn func(string)) []byte {
	var b bytes.Buffer
	for _, m := range w.mods {
		var node, device string
		named := false // also by the empty word, as with kmod
		for _, a := range m.facts.aliases {
			if a == "" || a[0] < 'b' || a[0] > 'd' { // most are of devices on a bus
				continue
			}
			if n, ok := strings.CutPrefix(a, "devname:"); ok {
				node, named = n, true
			} else if d := deviceNumber(a); d != "" {
				device = d
			}
			if named && device != "" {
				if b.Len() == 0 {
					b.WriteString("# Device nodes to trigger on-demand module loading.\n")
				}
				fmt.Fprintf(&b, "%s %s %s\n", m.name, node, device)
				break
			}
		}
		if named && device == "" {
			warn(fmt.Sprintf("ERROR: Module '%s' has devname (%s) but lacks major and minor information. Ignoring.", m.name, node))
		}
	}
	return b.Bytes()
}

// deviceNumber turns an alias such as char-major-10-234 into c10:234; it
// returns "" for every other.
func deviceNumber(alias string) string {
	for _, kind := range []struct{ prefix, letter string }{{"char-major-", "c"}, {"block-major-", "b"}} {
		rest, ok := strings.CutPrefix(alias, kind.prefix)
		if !ok {
			continue
		}
		major, rest, ok := scanUnsigned(rest)
		if !ok || !strings.HasPrefix(rest, "-") {
			return ""
		}
		if minor, _, ok := scanUnsigned(rest[1:]); ok {
			return fmt.Sprintf("%s%d:%d", kind.letter, major, minor)
		}
	}
	return ""
}

// scanUnsigned reads a number as C's scanf does by %u: blanks before it are passed
// over, and of a large one the lower 32 bits are taken. rest is what is behind it.
func scanUnsigned(s string) (n uint32, rest string, ok bool) {
	all, rest, ok := cNumber(strings.TrimLeft(s, " \t\n\v\f\r"), 10)
	return uint32(all), rest, ok
}
