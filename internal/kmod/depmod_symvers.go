package kmod

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

// kernelSymbols are the symbols the kernel image exports and, where that is
// known, their checksums.
type kernelSymbols = map[string]uint32

// checkSymbols tells of the symbols modules need: who provides them, who does
// not, and whose checksum is another.
func (opt *DepmodOptions) checkSymbols(mods []*depmodModule, symbols *depmodSymbols) error {
	var image kernelSymbols
	var err error
	switch {
	case opt.Symvers != "":
		image, err = readKernelSymbols(opt.Symvers, ReadSymvers)
	case opt.SystemMap != "":
		image, err = readKernelSymbols(opt.SystemMap, func(r io.Reader) (kernelSymbols, error) {
			return readSystemMap(r, opt.SymbolPrefix)
		})
	}
	if err != nil {
		return err
	}
	if image == nil && opt.Needs == nil {
		return nil
	}
	for _, m := range mods {
		weak := map[uint32]bool{}
		for _, id := range m.facts.weak {
			weak[id] = true
		}
		said := map[uint32]bool{}
		for i, id := range m.facts.imports {
			if !said[id] {
				said[id] = true
				opt.checkSymbol(m, i, weak[id], image, symbols)
			}
		}
	}
	return nil
}

// checkSymbol tells of one symbol, the i-th that m imports.
func (opt *DepmodOptions) checkSymbol(m *depmodModule, i int, weak bool, image kernelSymbols, symbols *depmodSymbols) {
	name := m.facts.worker.names[m.facts.imports[i]]
	if owner := symbols.owner[name]; owner != nil {
		if opt.Needs != nil {
			opt.Needs(m.path, name, owner.path)
		}
		return
	}
	if image == nil {
		return
	}
	crc, there := image[name]
	switch {
	case !there && !weak:
		opt.Warn(fmt.Sprintf("WARNING: %s needs unknown symbol %s", m.path, name))
	case there && opt.Symvers != "" && m.facts.crcs[m.facts.imports[i]] != crc:
		opt.Warn(fmt.Sprintf("WARNING: %s disagrees about version of symbol %s", m.path, name))
	}
}

// readKernelSymbols reads a file of symbols.
func readKernelSymbols(file string, read func(io.Reader) (kernelSymbols, error)) (kernelSymbols, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := read(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	// These the loader of modules itself supplies.
	symbols["__this_module"], symbols["_GLOBAL_OFFSET_TABLE_"] = 0, 0
	return symbols, nil
}

// readSystemMap returns the symbols for which a System.map has a
// __ksymtab_NAME, perhaps with a prefix before.
func readSystemMap(r io.Reader, prefix byte) (kernelSymbols, error) {
	exported := kernelSymbols{}
	s := bufio.NewScanner(r)
	for s.Scan() {
		words := strings.Fields(s.Text())
		if len(words) < 3 {
			continue
		}
		word := words[2]
		if prefix != 0 && word[0] == prefix {
			word = word[1:]
		}
		if name, ok := strings.CutPrefix(word, "__ksymtab_"); ok {
			exported[name] = 0
		}
	}
	return exported, s.Err()
}

// ReadSymvers returns the symbols of a Module.symvers that the kernel image
// has: checksum, name, module and kind of export on each line (kernel:
// Documentation/kbuild/modules.rst).
func ReadSymvers(r io.Reader) (map[string]uint32, error) {
	exported := map[string]uint32{}
	s := bufio.NewScanner(r)
	for s.Scan() {
		words := strings.Fields(s.Text())
		if len(words) < 3 || words[2] != "vmlinux" {
			continue
		}
		if crc, err := strconv.ParseUint(words[0], 0, 32); err == nil {
			exported[words[1]] = uint32(crc)
		}
	}
	return exported, s.Err()
}
