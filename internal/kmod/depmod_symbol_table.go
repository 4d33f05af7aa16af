package kmod

// symbolTable numbers the names of symbols. Most are asked for by many modules,
// so each is kept once, and the rest are numbers.
type symbolTable struct {
	names []string
	ids   map[string]uint32 // the numbers of names; nil in a table out of a cache
}

// id is the number of a symbol, which gets one if it has none.
func (t *symbolTable) id(name []byte) uint32 {
	if id, ok := t.ids[string(name)]; ok {
		return id
	}
	return t.add(string(name))
}

func (t *symbolTable) add(name string) uint32 {
	if t.ids == nil {
		t.ids = map[string]uint32{}
	}
	id := uint32(len(t.names))
	t.ids[name] = id
	t.names = append(t.names, name)
	return id
}

// oneNumbering gives the symbols of all modules, which were numbered by each
// worker in its own way, the numbers of one table: that of the cache, in which the
// symbols keep theirs, or without one (nil) that of a worker.
func oneNumbering(cached *symbolTable, mods []*depmodModule) *symbolTable {
	one := cached
	var others []*symbolTable             // in the order of modules, so that runs are alike
	tables := map[*symbolTable][]uint32{} // the new numbers by the old
	for _, m := range mods {
		switch t := m.facts.symbols; {
		case t == nil || t == one || tables[t] != nil:
		case one == nil:
			one = t
		default:
			others, tables[t] = append(others, t), make([]uint32, len(t.names))
		}
	}
	if one == nil {
		return &symbolTable{}
	}
	if one == cached {
		one.ids = one.find(others)
	}
	for _, t := range others {
		for i, name := range t.names {
			n, ok := one.ids[name]
			if !ok {
				n = one.add(name)
			}
			tables[t][i] = n
		}
	}
	for _, m := range mods {
		if table := tables[m.facts.symbols]; table != nil {
			m.facts.renumber(table)
			m.facts.symbols = one
		}
	}
	return one
}

// find returns the numbers of those names that other tables have. That takes less
// than those of all: a cache has thousands, and what was read anew few.
func (t *symbolTable) find(others []*symbolTable) map[string]uint32 {
	ids := map[string]uint32{}
	wanted := map[string]bool{}
	for _, other := range others {
		for _, name := range other.names {
			wanted[name] = true
		}
	}
	for i, name := range t.names {
		if len(ids) == len(wanted) {
			break
		}
		if wanted[name] {
			ids[name] = uint32(i)
		}
	}
	return ids
}

// renumber gives symbols the numbers that a table has for theirs.
func (f *depmodFacts) renumber(table []uint32) {
	for _, ids := range [...][]uint32{f.exports, f.imports, f.weak} {
		for i, id := range ids {
			ids[i] = table[id]
		}
	}
	for _, crcs := range [...]*map[uint32]uint64{&f.crcs, &f.exportCRCs} {
		if *crcs == nil {
			continue
		}
		all := make(map[uint32]uint64, len(*crcs))
		for id, crc := range *crcs {
			all[table[id]] = crc
		}
		*crcs = all
	}
}
