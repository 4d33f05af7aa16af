package kmod

import (
	"bytes"
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
	slices.SortFunc(mods, func(a, b *depmodModule) int { // 0 becomes the largest
		return cmp.Compare(uint(a.order)-1, uint(b.order)-1)
	})
	n := len(mods)
	for n > 0 && mods[n-1].order == 0 {
		n--
	}
	sortAsTable(mods[n:], moduleBuckets, func(m *depmodModule) string { return m.name })
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
			byPath[uncompressedName(m.rel)] = m
		}
	}
	s := lineScanner(r)
	for n := 1; s.Scan(); n++ {
		if m := byPath[string(bytes.TrimSuffix(s.Bytes(), []byte("\n")))]; m != nil && m.order == 0 {
			m.order = n
		}
	}
	return s.Err()
}

// uncompressedName is the path of a module file with the suffix .ko in place of all
// that is behind the first dot of its name.
func uncompressedName(file string) string {
	base := strings.LastIndexByte(file, '/') + 1
	stem, rest, _ := strings.Cut(file[base:], ".")
	if end := base + len(stem); strings.HasPrefix(rest, "ko") {
		return file[:end+len(".ko")]
	}
	return file[:base] + stem + ".ko"
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
// be loaded last. It uses a list of all, and what met, of all modules by their
// index, holds from the calls for others: 1 + the index of the module it was for.
func (m *depmodModule) allDeps(all []*depmodModule, met []int) []*depmodModule {
	all = all[:0]
	walked := 0 // of all
	for next := m; ; {
		for _, d := range next.deps {
			if met[d.index] != m.index+1 {
				met[d.index] = m.index + 1
				all = append(all, d)
			}
		}
		if walked == len(all) {
			break
		}
		next = all[walked]
		walked++
	}
	slices.SortFunc(all, byTopo)
	return all
}
