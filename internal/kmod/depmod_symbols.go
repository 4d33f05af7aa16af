package kmod

import (
	"slices"
	"strings"
)

// depmodSymbols says who owns the symbols modules export. Symbols are numbers, the
// places of their names.
type depmodSymbols struct {
	names    []string
	owner    []*depmodModule   // by number; nil: no module
	exported []uint32          // in the order they were first met
	crcs     map[uint32]uint64 // their checksums; nil unless asked for
	// Where names have something before them that does not count: the numbers by
	// which symbols are exported and looked up.
	exportedAs, askedAs []uint32
}

// ownSymbols gives every exported symbol to its module; of several that export
// one name the last in the order of modules gets it, as in kmod. prefix is before
// symbols, to be passed over; 0 for none.
func ownSymbols(table *symbolTable, mods []*depmodModule, prefix byte) *depmodSymbols {
	s := &depmodSymbols{names: slices.Clip(table.names)} // who keeps facts reads them
	s.cutPrefixes(prefix)
	s.owner = make([]*depmodModule, len(s.names))
	for _, m := range mods {
		for _, id := range m.facts.exports {
			as := renumbered(s.exportedAs, id)
			if s.owner[as] == nil {
				s.exported = append(s.exported, as)
			}
			s.owner[as] = m
			if m.facts.exportCRCs != nil {
				if s.crcs == nil {
					s.crcs = map[uint32]uint64{}
				}
				s.crcs[as] = m.facts.exportCRCs[id]
			}
		}
	}
	return s
}

// renumbered is the number that a table has for another; a table that is not there
// changes none.
func renumbered(table []uint32, id uint32) uint32 {
	if table == nil {
		return id
	}
	return table[id]
}

// cutPrefixes finds the numbers of symbols without what is before them: the prefix,
// where there is one, and where they are asked for before it a dot (the entry
// points of 64-bit PowerPC).
func (s *depmodSymbols) cutPrefixes(prefix byte) {
	n := len(s.names)
	dotted := false
	for _, name := range s.names {
		dotted = dotted || strings.HasPrefix(name, ".")
	}
	if prefix == 0 && !dotted {
		return
	}
	ids := make(map[string]uint32, n)
	for i, name := range s.names {
		ids[name] = uint32(i)
	}
	id := func(name string) uint32 {
		if _, ok := ids[name]; !ok {
			ids[name] = uint32(len(s.names))
			s.names = append(s.names, name)
		}
		return ids[name]
	}
	s.exportedAs, s.askedAs = make([]uint32, n), make([]uint32, n)
	for i, name := range s.names[:n] {
		s.exportedAs[i] = id(unprefixed(name, prefix))
		s.askedAs[i] = id(unprefixed(strings.TrimPrefix(name, "."), prefix))
	}
}

// unprefixed is a symbol without the prefix.
func unprefixed(name string, prefix byte) string {
	if prefix != 0 && name != "" && name[0] == prefix {
		return name[1:]
	}
	return name
}

// provider is the module that has a symbol that is asked for, nil when none has;
// and the number by which that symbol is looked up.
func (s *depmodSymbols) provider(id uint32) (*depmodModule, uint32) {
	as := renumbered(s.askedAs, id)
	return s.owner[as], as
}

// resolve fills in the direct dependencies of all modules. A module that asks
// for its own symbol depends on itself, which is a cycle, as for kmod.
func (s *depmodSymbols) resolve(mods []*depmodModule) {
	met := make([]int, len(mods)) // 1 + index of the last module that needs it
	var deps []*depmodModule
	for _, m := range mods {
		deps = deps[:0]
		for _, id := range m.facts.imports {
			if d, _ := s.provider(id); d != nil && met[d.index] != m.index+1 {
				met[d.index] = m.index + 1
				deps = append(deps, d)
				d.users++
			}
		}
		m.deps = slices.Clone(deps)
	}
}
