package kmod

import (
	"bytes"
	"math"
	"slices"
)

// noCRC is the checksum of an exported symbol whose place in the image is none
// (libkmod-elf.c, kmod_elf_resolve_crc).
const noCRC = math.MaxUint64

// readSymbols takes what a module exports and imports. Tables that make no sense
// are treated as by libkmod, so that what else the file says counts: exports are
// then those of __ksymtab_strings, and there are no imports (libkmod-elf.c of
// kmod 30 to 34, kmod_elf_get_symbols and kmod_elf_get_dependency_symbols).
func (w *depmodWorker) readSymbols(facts *depmodFacts, e *elfFile) {
	exports, imports := true, true
	err := e.symbolRows(func(s elfSymbol) {
		if s.outside {
			exports, imports = false, imports && !e.undefined(s)
			return
		}
		if name, ok := s.exported(); ok {
			w.export(facts, e, name, s)
		}
		if e.undefined(s) {
			id := w.symbols.id(s.name)
			facts.imports = append(facts.imports, id)
			if s.weak {
				facts.weak = append(facts.weak, id)
			}
		}
	})
	if !exports || err != nil || facts.exports == nil {
		// Without module versions the names are all there is.
		facts.exports, facts.exportCRCs = nil, nil
		b, err := e.section(secKsymtabStrings)
		b = bytes.TrimLeft(b, "\x00")
		if facts.noExports = err != nil || len(b) > 1 && b[len(b)-1] != 0; !facts.noExports {
			elfStrings(b, func(s []byte) { facts.exports = append(facts.exports, w.symbols.id(s)) })
		}
	}
	there := e.at[secSymtab].there && e.at[secStrtab].there
	if imports = imports && there && err == nil; imports && e.at[secVersions].size%versionRow == 0 {
		imports = w.readVersions(facts, e)
	}
	if !imports {
		facts.imports, facts.weak, facts.crcs = nil, nil, nil
	}
	facts.imports = w.unique(facts.imports)
}

// unique leaves the first of equal symbols of a module: most imports are in the table
// of symbols and in that of versions.
func (w *depmodWorker) unique(ids []uint32) []uint32 {
	w.modules++
	if n := len(w.symbols.names); n > len(w.met) {
		w.met = append(w.met, make([]uint32, n-len(w.met))...)
	}
	return slices.DeleteFunc(ids, func(id uint32) bool {
		again := w.met[id] == w.modules
		w.met[id] = w.modules
		return again
	})
}

// export notes a symbol that a module exports.
func (w *depmodWorker) export(facts *depmodFacts, e *elfFile, name []byte, s elfSymbol) {
	id := w.symbols.id(name)
	facts.exports = append(facts.exports, id)
	if !w.wantCRC {
		return
	}
	if facts.exportCRCs == nil {
		facts.exportCRCs = map[uint32]uint64{}
	}
	crc := uint64(noCRC)
	switch c, ok := e.crc(s); {
	case s.section == elfAbs || s.section == elfUndefined:
		crc = s.value
	case ok:
		crc = uint64(c)
	}
	facts.exportCRCs[id] = crc
}

// readVersions takes the checksums of imports, and imports that are no symbols,
// such as module_layout. It is false when a name does not end: there are no
// imports at all then.
func (w *depmodWorker) readVersions(facts *depmodFacts, e *elfFile) bool {
	whole := true
	err := e.versions(func(v elfVersion) {
		if whole = whole && !v.cut; !whole {
			return
		}
		id := w.symbols.id(v.name)
		facts.imports = append(facts.imports, id)
		if !w.wantCRC {
			return
		}
		if facts.crcs == nil {
			facts.crcs = map[uint32]uint64{}
		}
		if _, ok := facts.crcs[id]; !ok { // of several rows the first counts
			facts.crcs[id] = v.crc
		}
	})
	return whole && err == nil
}
