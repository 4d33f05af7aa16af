package kmod

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// depmodWriter makes the index files of a tree whose modules are read, sorted
// and resolved.
type depmodWriter struct {
	dir     string
	mods    []*depmodModule
	symbols *depmodSymbols
	warn    func(string)

	duplicates bool // are warned about

	depLines []string // line of each module in modules.dep, without newline
}

// files returns all index files, in the order kmod 34 writes them.
//
// What warns is made by one goroutine, in that order; texts and the encoding of
// binaries beside it.
func (w *depmodWriter) files() ([]depmodFile, error) {
	files := make([]depmodFile, len(depmodFileNames))
	for i, name := range depmodFileNames {
		files[i].name = name
	}
	var beside, sorting sync.WaitGroup
	sorting.Go(func() { sortAsKmod(w.symbols.names) })
	w.dropUnprintable()
	w.depLines = w.dependencyLines()
	sorting.Wait()
	texts := w.texts()
	for i := range files {
		f := &files[i]
		if text := texts[f.name]; text != nil {
			beside.Go(func() { f.data = text() })
		}
	}
	err := w.binaries(files, &beside)
	files[len(files)-1].data = w.devname() // at last, as are its warnings
	return files, err
}

// depmodFileNames are the index files, modules.devname the last.
var depmodFileNames = [...]string{
	"modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep", "modules.weakdep",
	"modules.symbols", "modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.devname",
}

// texts are the makers of the text files that need no warning.
func (w *depmodWriter) texts() map[string]func() []byte {
	return map[string]func() []byte{
		"modules.dep": w.dep, "modules.alias": w.alias, "modules.softdep": w.softdep,
		"modules.weakdep": w.weakdep, "modules.symbols": w.symbolAliases,
	}
}

// dropUnprintable takes out fields that would become lines of their own in a
// text index, or that no line can hold.
func (w *depmodWriter) dropUnprintable() {
	for _, m := range w.mods {
		for _, list := range []*[]string{&m.facts.aliases, &m.facts.softdeps, &m.facts.weakdeps} {
			*list = slices.DeleteFunc(*list, func(s string) bool {
				bad := strings.IndexFunc(s, func(r rune) bool { return r < ' ' && r != '\t' || r >= 0x7f }) >= 0
				if bad {
					w.warn(fmt.Sprintf("WARNING: module %s: field %q left out: not printable ASCII", m.path, s))
				}
				return bad
			})
		}
	}
}

// dependencyLines returns for each module its file and the files of all it
// needs, in the order they have to be unloaded.
func (w *depmodWriter) dependencyLines() []string {
	lines := make([]string, len(w.mods))
	seen := map[*depmodModule]bool{}
	var b strings.Builder
	for i, m := range w.mods {
		b.Reset()
		b.WriteString(m.rel)
		b.WriteByte(':')
		for _, d := range m.allDeps(seen) {
			b.WriteByte(' ')
			b.WriteString(d.rel)
		}
		lines[i] = b.String()
	}
	return lines
}

func (w *depmodWriter) dep() []byte {
	var b bytes.Buffer
	for _, l := range w.depLines {
		b.WriteString(l)
		b.WriteByte('\n')
	}
	return b.Bytes()
}

func (w *depmodWriter) alias() []byte {
	var b bytes.Buffer
	b.WriteString("# Aliases extracted from modules themselves.\n")
	for _, m := range w.mods {
		for _, a := range m.facts.aliases {
			writeWords(&b, "alias", a, m.name)
		}
	}
	return b.Bytes()
}

func (w *depmodWriter) softdep() []byte {
	var b bytes.Buffer
	b.WriteString("# Soft dependencies extracted from modules themselves.\n")
	for _, m := range w.mods {
		for _, s := range m.facts.softdeps {
			writeWords(&b, "softdep", m.name, s)
		}
	}
	return b.Bytes()
}

func (w *depmodWriter) weakdep() []byte {
	var b bytes.Buffer
	b.WriteString("# Weak dependencies extracted from modules themselves.\n")
	for _, m := range w.mods {
		for _, s := range m.facts.weakdeps {
			writeWords(&b, "weakdep", m.name, s)
		}
	}
	return b.Bytes()
}

func (w *depmodWriter) symbolAliases() []byte {
	var b bytes.Buffer
	b.WriteString("# Aliases for symbols, used by symbol_request().\n")
	for _, name := range w.symbols.names {
		writeWords(&b, "alias", "symbol:"+name, w.symbols.owner[name].name)
	}
	return b.Bytes()
}

func writeWords(b *bytes.Buffer, first, second, third string) {
	b.WriteString(first)
	b.WriteByte(' ')
	b.WriteString(second)
	b.WriteByte(' ')
	b.WriteString(third)
	b.WriteByte('\n')
}

// devname lists the device nodes that udev and the like make before there is
// a driver, so that opening one loads the module: those of modules with an
// alias devname:NODE and one for the device's numbers. As kmod's, the file is
// empty when there is none.
func (w *depmodWriter) devname() []byte {
	var b bytes.Buffer
	for _, m := range w.mods {
		var node, device string
		named := false // also by the empty word, as with kmod
		for _, a := range m.facts.aliases {
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
			w.warn(fmt.Sprintf("ERROR: Module '%s' has devname (%s) but lacks major and minor information. Ignoring.", m.name, node))
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
