package kmod

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// moduleBuckets is how many buckets kmod's table of modules has (kmod 30 to 34,
// tools/depmod.c, depmod_init).
const moduleBuckets = 512

// sortModules puts mods into the order of modules.order, which is the order of
// the kernel's build and decides between aliases; the rest follow in the order
// of kmod's table of names.
func sortModules(dir string, mods []*depmodModule, warn func(string)) {
	name := path.Join(dir, "modules.order")
	f, err := OpenPlain(name)
	switch {
	case err != nil:
		what := "modules.order at "
		if _, err := os.Stat(dir); err != nil {
			what = "directory "
		}
		warn(fmt.Sprintf("WARNING: could not open %s%s: %s", what, dir, reasonOf(err)))
	default:
		defer f.Close()
		if err := readModulesOrder(f, mods); err != nil {
			warn(fmt.Sprintf("WARNING: %s: the rest of it is not used: %v", name, err))
		}
	}
	sortAsTable(mods, moduleBuckets, func(m *depmodModule) string { return m.name })
	slices.SortStableFunc(mods, func(a, b *depmodModule) int {
		if (a.order == 0) != (b.order == 0) {
			return cmp.Compare(b.order, a.order)
		}
		return cmp.Compare(a.order, b.order)
	})
	for i, m := range mods {
		m.index = i
	}
}

// readModulesOrder notes for each module its line, the first when there are
// several (kmod 34; the last up to 33). The file names modules without the suffix of their compression.
func readModulesOrder(r io.Reader, mods []*depmodModule) error {
	byPath := make(map[string]*depmodModule, len(mods))
	for _, m := range mods {
		if !m.ext {
			dir, base := path.Split(m.rel)
			stem, _, _ := strings.Cut(base, ".")
			byPath[dir+stem+".ko"] = m
		}
	}
	s := lineScanner(r)
	for n := 1; s.Scan(); n++ {
		if m := byPath[strings.TrimSuffix(s.Text(), "\n")]; m != nil && m.order == 0 {
			m.order = n
		}
	}
	return s.Err()
}

// depmodSymbols says who owns the symbols modules export.
type depmodSymbols struct {
	owner  map[string]*depmodModule
	names  []string          // in the order they were first met
	crcs   map[string]uint64 // their checksums; nil unless asked for
	prefix byte              // before symbols, to be passed over; 0 for none
}

// unprefixed is a symbol without the prefix.
func unprefixed(name string, prefix byte) string {
	if prefix != 0 && name != "" && name[0] == prefix {
		return name[1:]
	}
	return name
}

// key is the name by which a symbol that is asked for is looked up. A leading
// dot is not part of it (the entry points of 64-bit PowerPC).
func (s *depmodSymbols) key(name string) string {
	return unprefixed(strings.TrimPrefix(name, "."), s.prefix)
}

// ownSymbols gives every exported symbol to its module; of several that export
// one name the last in the order of modules gets it, as in kmod.
func ownSymbols(mods []*depmodModule, prefix byte) *depmodSymbols {
	s := &depmodSymbols{owner: map[string]*depmodModule{}, prefix: prefix}
	for _, m := range mods {
		for _, id := range m.facts.exports {
			name := unprefixed(m.facts.worker.names[id], prefix)
			if s.owner[name] == nil {
				s.names = append(s.names, name)
			}
			s.owner[name] = m
			if m.facts.exportCRCs != nil {
				if s.crcs == nil {
					s.crcs = map[string]uint64{}
				}
				s.crcs[name] = m.facts.exportCRCs[id]
			}
		}
	}
	return s
}

// resolve fills in the direct dependencies of all modules. A module that asks
// for its own symbol depends on itself, which is a cycle, as for kmod.
func (s *depmodSymbols) resolve(mods []*depmodModule) {
	owners := map[*depmodWorker][]*depmodModule{}
	seen := make([]int, len(mods)) // 1 + index of the last module that met it
	for _, m := range mods {
		w := m.facts.worker
		if w == nil {
			continue
		}
		if owners[w] == nil {
			table := make([]*depmodModule, len(w.names))
			for id, name := range w.names {
				table[id] = s.owner[s.key(name)]
			}
			owners[w] = table
		}
		for _, id := range m.facts.imports {
			if d := owners[w][id]; d != nil && seen[d.index] != m.index+1 {
				seen[d.index] = m.index + 1
				m.deps = append(m.deps, d)
				d.users++
			}
		}
	}
}

// sortTopologically numbers the modules so that each comes before those it
// needs, and sorts their direct dependencies so. Modules that are part of a
// cycle, or are needed by one, get no number: they are returned, and nothing is
// sorted. The order
// among equals is that of kmod's depmod: a stack of modules without users,
// filled in module order.
func sortTopologically(mods []*depmodModule) (unsorted []*depmodModule) {
	users := make([]int, len(mods))
	var ready []*depmodModule
	for i, m := range mods {
		m.topo = -1
		if users[i] = m.users; m.users == 0 {
			ready = append(ready, m)
		}
	}
	n := 0
	for len(ready) > 0 {
		m := ready[len(ready)-1]
		ready = ready[:len(ready)-1]
		m.topo = n
		n++
		for _, d := range m.deps {
			if users[d.index]--; users[d.index] == 0 {
				ready = append(ready, d)
			}
		}
	}
	for _, m := range mods {
		if m.topo < 0 {
			unsorted = append(unsorted, m)
		}
	}
	if unsorted == nil {
		for _, m := range mods {
			slices.SortFunc(m.deps, byTopo)
		}
	}
	return unsorted
}

func byTopo(a, b *depmodModule) int { return cmp.Compare(a.topo, b.topo) }

// allDeps returns everything m needs, directly or not, those first that must
// be loaded last.
func (m *depmodModule) allDeps(seen map[*depmodModule]bool) []*depmodModule {
	clear(seen)
	var all []*depmodModule
	var collect func(*depmodModule)
	collect = func(m *depmodModule) {
		for _, d := range m.deps {
			if !seen[d] {
				seen[d] = true
				all = append(all, d)
				collect(d)
			}
		}
	}
	collect(m)
	slices.SortFunc(all, byTopo)
	return all
}
