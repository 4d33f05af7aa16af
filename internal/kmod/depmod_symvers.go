package kmod

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
)

// warnUnknownSymbols warns about symbols that a module needs and that neither
// another module nor the kernel of the System.map exports.
func warnUnknownSymbols(file string, mods []*depmodModule, symbols *depmodSymbols, warn func(string)) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	kernel, err := readSystemMap(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for _, m := range mods {
		said := map[uint32]bool{}
		for _, id := range m.facts.weak {
			said[id] = true
		}
		for _, id := range m.facts.imports {
			name := m.facts.worker.names[id]
			if said[id] || kernel[name] || symbols.owner[name] != nil {
				continue
			}
			said[id] = true
			warn(fmt.Sprintf("%s needs unknown symbol %s", m.path, name))
		}
	}
	return nil
}

// readSystemMap returns the symbols the kernel image exports: those for which
// a System.map has a __ksymtab_NAME, and what the module loader itself
// supplies.
func readSystemMap(r io.Reader) (map[string]bool, error) {
	exported := map[string]bool{"__this_module": true, "_GLOBAL_OFFSET_TABLE_": true}
	s := bufio.NewScanner(r)
	for s.Scan() {
		words := strings.Fields(s.Text())
		if len(words) < 3 {
			continue
		}
		if name, ok := strings.CutPrefix(words[2], "__ksymtab_"); ok {
			exported[name] = true
		}
	}
	return exported, s.Err()
}
