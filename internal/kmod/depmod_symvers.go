package kmod

import (
	"bufio"
	"bytes"
	"cmp"
	"fmt"
	"io"
	"strings"
)

// KernelSymbols are the symbols that the kernel image exports, for depmod -e.
type KernelSymbols struct {
	symbols kernelSymbols
	crcs    bool // their checksums are known
}

// kernelSymbols are symbols and their checksums, 0 where these are not known.
type kernelSymbols = map[string]uint64

// ReadKernelSymbols reads a Module.symvers, or without one ("") a System.map.
// prefix is a character before symbols, to be passed over; 0 for none. warn gets
// a line for each line of the file that makes no sense, in kmod's words.
func ReadKernelSymbols(symvers, systemMap string, prefix byte, warn func(string)) (*KernelSymbols, error) {
	image := &KernelSymbols{crcs: symvers != ""}
	file := cmp.Or(symvers, systemMap)
	f, err := openGiven(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if image.crcs {
		image.symbols, err = readSymvers(f, prefix, func(line int, checksum string) {
			warn(fmt.Sprintf("ERROR: %s:%d Invalid symbol version %s: Invalid argument", file, line, checksum))
		})
	} else {
		image.symbols, err = readSystemMap(f, file, prefix, warn)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	for _, name := range []string{"__this_module", "_GLOBAL_OFFSET_TABLE_", "TOC."} {
		image.symbols[name] = 0 // the loader of modules itself supplies these
	}
	return image, nil
}

// checkSymbols tells of the symbols modules need: who provides them, who does
// not, and whose checksum is another.
func (opt *DepmodOptions) checkSymbols(mods []*depmodModule, symbols *depmodSymbols) {
	image := opt.Kernel
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
				opt.checkSymbol(m, id, weak[id], symbols)
			}
		}
	}
}

// tellNeeds tells which modules have symbols that m imports, and of each the
// first that is met.
func (opt *DepmodOptions) tellNeeds(m *depmodModule, symbols *depmodSymbols) {
	told := map[*depmodModule]bool{}
	for _, id := range m.facts.imports {
		if owner, as := symbols.provider(id); owner != nil && !told[owner] {
			told[owner] = true
			opt.Needs(m.path, symbols.names[as], owner.path)
		}
	}
}

// checkSymbol tells of one symbol that m imports.
func (opt *DepmodOptions) checkSymbol(m *depmodModule, id uint32, weak bool, symbols *depmodSymbols) {
	name := symbols.names[id]
	owner, as := symbols.provider(id)
	crc, there := opt.Kernel.symbols[symbols.names[as]]
	if owner != nil {
		crc, there = symbols.crcs[as], true
	}
	switch {
	case !there && !weak:
		opt.Warn(fmt.Sprintf("WARNING: %s needs unknown symbol %s", m.path, name))
	case there && opt.Kernel.crcs && !weak && m.facts.crcs[id] != crc:
		opt.Warn(fmt.Sprintf("WARNING: %s disagrees about version of symbol %s", m.path, name))
	}
}

// readSystemMap returns the symbols for which a System.map has a
// __ksymtab_NAME, perhaps with a prefix before. Words are apart by one blank, as
// nm writes them and kmod has it; lines without three are warned about.
func readSystemMap(r io.Reader, file string, prefix byte, warn func(string)) (kernelSymbols, error) {
	exported := kernelSymbols{}
	s := lineScanner(r)
	for n := 1; s.Scan(); n++ {
		line, _ := strings.CutSuffix(s.Text(), "\n")
		words := strings.SplitN(line, " ", 3)
		if len(words) < 3 {
			warn(fmt.Sprintf("ERROR: %s:%d: invalid line: %s", file, n, s.Text()))
			continue
		}
		if name, ok := strings.CutPrefix(unprefixed(words[2], prefix), "__ksymtab_"); ok {
			exported[name] = 0
		}
	}
	return exported, s.Err()
}

// lineScanner returns lines with their ends, as C's fgets does: no \r is taken
// away.
func lineScanner(r io.Reader) *bufio.Scanner {
	s := bufio.NewScanner(r)
	s.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if n := bytes.IndexByte(data, '\n'); n >= 0 {
			return n + 1, data[:n+1], nil
		}
		if atEOF && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	return s
}

// ReadSymvers returns the symbols of a Module.symvers that the kernel image
// has: checksum, name, module and kind of export on each line (kernel:
// Documentation/kbuild/modules.rst). wrong, when set, is told of checksums that
// are none, by the line they are in, from 1.
func ReadSymvers(r io.Reader, wrong func(line int, checksum string)) (map[string]uint32, error) {
	symbols, err := readSymvers(r, 0, wrong)
	exported := make(map[string]uint32, len(symbols))
	for name, crc := range symbols {
		exported[name] = uint32(crc)
	}
	return exported, err
}

// readSymvers is ReadSymvers of names that may have a prefix before; 0 for none.
// Of several lines for a name the last counts. The third word has to have a
// blank behind it, as all have since Linux 2.6.12, for kmod.
func readSymvers(r io.Reader, prefix byte, wrong func(line int, checksum string)) (kernelSymbols, error) {
	exported := kernelSymbols{}
	s := lineScanner(r)
	for n := 1; s.Scan(); n++ {
		words := strings.FieldsFunc(s.Text(), func(r rune) bool { return r == ' ' || r == '\t' })
		if len(words) < 3 || words[2] != "vmlinux" {
			continue
		}
		if crc, rest, ok := cNumber(words[0], 16); ok && rest == "" {
			exported[unprefixed(words[1], prefix)] = crc
		} else if wrong != nil {
			wrong(n, words[0])
		}
	}
	return exported, s.Err()
}
