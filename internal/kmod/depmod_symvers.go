package kmod

import (
	"bufio"
	"fmt"
	"io"
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
		image, err = readKernelSymbols(opt.Symvers, func(r io.Reader) (kernelSymbols, error) {
			return readSymvers(r, opt.SymbolPrefix, func(line int, checksum string) {
				opt.Warn(fmt.Sprintf("ERROR: %s:%d Invalid symbol version %s: Invalid argument", opt.Symvers, line, checksum))
			})
		})
	case opt.SystemMap != "":
		image, err = readKernelSymbols(opt.SystemMap, func(r io.Reader) (kernelSymbols, error) {
			return readSystemMap(r, opt.SystemMap, opt.SymbolPrefix, opt.Warn)
		})
	}
	if err != nil {
		return err
	}
	if image != nil { // the loader of modules itself supplies these
		image["__this_module"], image["_GLOBAL_OFFSET_TABLE_"], image["TOC."] = 0, 0, 0
	}
	for _, m := range mods {
		if opt.Needs != nil {
			opt.tellNeeds(m, symbols)
		}
		if image == nil {
			continue
		}
		weak := map[uint32]bool{}
		for _, id := range m.facts.weak {
			weak[id] = true
		}
		said := map[uint32]bool{}
		for _, id := range m.facts.imports {
			if !said[id] {
				said[id] = true
				opt.checkSymbol(m, id, weak[id], image, symbols)
			}
		}
	}
	return nil
}

// tellNeeds tells which modules have symbols that m imports, and of each the
// first that is met.
func (opt *DepmodOptions) tellNeeds(m *depmodModule, symbols *depmodSymbols) {
	told := map[*depmodModule]bool{}
	for _, id := range m.facts.imports {
		key := symbols.key(m.facts.worker.names[id])
		if owner := symbols.owner[key]; owner != nil && !told[owner] {
			told[owner] = true
			opt.Needs(m.path, key, owner.path)
		}
	}
}

// checkSymbol tells of one symbol that m imports.
func (opt *DepmodOptions) checkSymbol(m *depmodModule, id uint32, weak bool, image kernelSymbols, symbols *depmodSymbols) {
	name := m.facts.worker.names[id]
	key := symbols.key(name)
	crc, there := image[key]
	if symbols.owner[key] != nil {
		crc, there = symbols.crcs[key], true
	}
	switch {
	case !there && !weak:
		opt.Warn(fmt.Sprintf("WARNING: %s needs unknown symbol %s", m.path, name))
	case there && opt.Symvers != "" && !weak && m.facts.crcs[id] != crc:
		opt.Warn(fmt.Sprintf("WARNING: %s disagrees about version of symbol %s", m.path, name))
	}
}

// readKernelSymbols reads a file of symbols.
func readKernelSymbols(file string, read func(io.Reader) (kernelSymbols, error)) (kernelSymbols, error) {
	f, err := openGiven(file)
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
// __ksymtab_NAME, perhaps with a prefix before. Words are apart by one blank, as
// nm writes them and kmod has it; lines without three are warned about.
func readSystemMap(r io.Reader, file string, prefix byte, warn func(string)) (kernelSymbols, error) {
	exported := kernelSymbols{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		words := strings.SplitN(s.Text(), " ", 3)
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
// Documentation/kbuild/modules.rst). wrong, when set, is told of checksums that
// are none, by the line they are in, from 1.
func ReadSymvers(r io.Reader, wrong func(line int, checksum string)) (map[string]uint32, error) {
	return readSymvers(r, 0, wrong)
}

// readSymvers is ReadSymvers of names that may have a prefix before; 0 for none.
// Of several lines for a name the last counts.
func readSymvers(r io.Reader, prefix byte, wrong func(line int, checksum string)) (kernelSymbols, error) {
	exported := map[string]uint32{}
	s := bufio.NewScanner(r)
	for n := 1; s.Scan(); n++ {
		words := strings.Fields(s.Text())
		if len(words) < 3 || words[2] != "vmlinux" {
			continue
		}
		digits := strings.TrimPrefix(strings.TrimPrefix(words[0], "0x"), "0X")
		crc, err := strconv.ParseUint(digits, 16, 32)
		if err == nil {
			exported[unprefixed(words[1], prefix)] = uint32(crc)
		} else if wrong != nil {
			wrong(n, words[0])
		}
	}
	return exported, s.Err()
}
