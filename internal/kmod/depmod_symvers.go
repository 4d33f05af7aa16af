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
		if opt.SymbolPrefix != 0 {
			plain := kernelSymbols{}
			for name, crc := range image {
				plain[unprefixed(name, opt.SymbolPrefix)] = crc
			}
			image = plain
		}
	case opt.SystemMap != "":
		image, err = readKernelSymbols(opt.SystemMap, func(r io.Reader) (kernelSymbols, error) {
			return readSystemMap(r, opt.SystemMap, opt.SymbolPrefix, opt.Warn)
		})
	}
	if err != nil {
		return err
	}
	if image == nil && opt.Needs == nil {
		return nil
	}
	if image != nil { // the loader of modules itself supplies these
		image["__this_module"], image["_GLOBAL_OFFSET_TABLE_"], image["TOC."] = 0, 0, 0
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
	key := symbols.key(name)
	owner := symbols.owner[key]
	if owner != nil && opt.Needs != nil {
		opt.Needs(m.path, name, owner.path)
	}
	if image == nil {
		return
	}
	crc, there := image[key]
	if owner != nil {
		crc, there = symbols.crcs[key], true
	}
	switch {
	case !there && !weak:
		opt.Warn(fmt.Sprintf("WARNING: %s needs unknown symbol %s", m.path, name))
	case there && opt.Symvers != "" && !weak && m.facts.crcs[m.facts.imports[i]] != crc:
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
	return symbols, nil
}

// readSystemMap returns the symbols for which a System.map has a
// __ksymtab_NAME, perhaps with a prefix before. Lines without three words are
// warned about.
func readSystemMap(r io.Reader, file string, prefix byte, warn func(string)) (kernelSymbols, error) {
	exported := kernelSymbols{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		words := strings.Fields(s.Text())
		if len(words) < 3 {
			warn(fmt.Sprintf("ERROR: %s:%d: invalid line: %s\n", file, n, s.Text()))
			continue
		}
		if name, ok := strings.CutPrefix(unprefixed(words[2], prefix), "__ksymtab_"); ok {
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
