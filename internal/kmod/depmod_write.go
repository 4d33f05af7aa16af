package kmod

import (
	"errors"
	"fmt"
	"slices"
	"sync"
)

// depmodWriter makes the index files of a tree whose modules are read and sorted.
// Each is made beside the others; what is warned about of each is kept, and told in
// the order of the files.
type depmodWriter struct {
	dir     string
	mods    []*depmodModule
	symbols *depmodSymbols

	duplicates bool // are warned about

	files      []*depmodFile
	making     sync.WaitGroup // of what is begun
	warned     []string       // of the modules, in whatever file
	depLines   []string       // line of each module in modules.dep, without newline
	symbolKeys []string       // of symbols.exported, as the index has them
}

// depmodFile is one index file. It is whole when made is closed.
type depmodFile struct {
	name   string
	made   chan struct{}
	data   []byte
	warned []string
	err    error
}

// depmodFileNames are the index files, in the order kmod 34 writes them.
var depmodFileNames = [...]string{
	"modules.dep", "modules.dep.bin", "modules.alias", "modules.alias.bin", "modules.softdep", "modules.weakdep",
	"modules.symbols", "modules.symbols.bin", "modules.builtin.bin", "modules.builtin.alias.bin", "modules.devname",
}

func newDepmodWriter(opt *DepmodOptions, mods []*depmodModule) *depmodWriter {
	w := &depmodWriter{dir: opt.Dir, mods: mods, duplicates: opt.Duplicates}
	for _, name := range depmodFileNames {
		w.files = append(w.files, &depmodFile{name: name, made: make(chan struct{})})
	}
	return w
}

// make begins to make a file.
func (w *depmodWriter) make(name string, data func(warn func(string)) ([]byte, error)) {
	f := w.files[slices.Index(depmodFileNames[:], name)]
	w.making.Go(func() {
		defer close(f.made)
		f.data, f.err = data(func(s string) { f.warned = append(f.warned, s) })
	})
}

func (w *depmodWriter) text(name string, lines func(warn func(string)) []byte) {
	w.make(name, func(warn func(string)) ([]byte, error) { return lines(warn), nil })
}

func (w *depmodWriter) index(name string, fill func(x *indexWriter, warn func(string)) error) {
	w.make(name, func(warn func(string)) ([]byte, error) {
		var x indexWriter
		if err := fill(&x, warn); err != nil {
			return nil, err
		}
		data, err := x.encode()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		return data, nil
	})
}

// begin begins to make what hangs on no symbol. Facts of modules are changed, when
// they are kept.
func (w *depmodWriter) begin(keeping *sync.WaitGroup) {
	w.making.Go(func() {
		w.dropUnprintable(keeping)
		w.text("modules.softdep", w.softdep)
		w.text("modules.weakdep", w.weakdep)
		w.text("modules.devname", w.devname)
		w.index("modules.builtin.bin", w.builtinIndex)
		w.index("modules.builtin.alias.bin", w.builtinAliasIndex)
		w.text("modules.alias", w.alias)
		w.index("modules.alias.bin", w.aliasIndex) // what takes longest: it goes first
	})
}

// end begins to make the rest: symbols are resolved.
func (w *depmodWriter) end(symbols *depmodSymbols) {
	w.symbols = symbols
	w.making.Go(func() {
		w.sortSymbols()
		w.text("modules.symbols", w.symbolAliases)
		w.index("modules.symbols.bin", w.symbolIndex)
	})
	dep := w.dependencyLines()
	w.text("modules.dep", func(func(string)) []byte { return dep })
	w.index("modules.dep.bin", w.depIndex)
}

// wait waits for all files, and tells what was warned about.
func (w *depmodWriter) wait(warn func(string)) error {
	errs := make([]error, len(w.files))
	for i, f := range w.files {
		<-f.made
		errs[i] = f.err
	}
	for _, s := range w.warned {
		warn(s)
	}
	for _, f := range w.files {
		for _, s := range f.warned {
			warn(s)
		}
	}
	return errors.Join(errs...)
}

// dropUnprintable takes out fields that would become lines of their own in a
// text index, or that no line can hold.
func (w *depmodWriter) dropUnprintable(keeping *sync.WaitGroup) {
	for _, m := range w.mods {
		for _, list := range []*[]string{&m.facts.aliases, &m.facts.softdeps, &m.facts.weakdeps} {
			if !slices.ContainsFunc(*list, unprintable) {
				continue
			}
			keeping.Wait()
			*list = slices.DeleteFunc(*list, func(s string) bool {
				bad := unprintable(s)
				if bad {
					w.warned = append(w.warned, fmt.Sprintf("WARNING: module %s: field %q left out: not printable ASCII", m.path, s))
				}
				return bad
			})
		}
	}
}
