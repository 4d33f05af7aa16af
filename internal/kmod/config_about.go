package kmod

import (
	"slices"
	"strings"
)

// manyLines is from how many lines of one kind on an index of their names pays.
// Nearly every configuration has fewer.
const manyLines = 64

// lineIndex finds the lines of one kind that may be about a name.
type lineIndex struct {
	named    map[string][]int // lines by the name they are about, where that is no pattern
	patterns []int
}

func indexLines(lines []ConfigLine) *lineIndex {
	x := &lineIndex{named: make(map[string][]int, len(lines))}
	for i, l := range lines {
		if strings.ContainsAny(l.Name, `*?[\`) {
			x.patterns = append(x.patterns, i)
		} else {
			x.named[l.Name] = append(x.named[l.Name], i)
		}
	}
	return x
}

// about returns the entries of one kind that may be about one of the names, in the
// order in which they count; it leaves out only what is certainly about another.
// Without it a plan with as many modules as there are softdep lines would compare
// each with each.
func (r *Resolver) about(kind ConfigKind, names ...string) []ConfigLine {
	lines := r.config(kind)
	if len(lines) < manyLines {
		return lines
	}
	r.indexed.mu.Lock()
	x := r.indexed.kinds[kind]
	if x == nil {
		x = indexLines(lines)
		if r.indexed.kinds == nil {
			r.indexed.kinds = map[ConfigKind]*lineIndex{}
		}
		r.indexed.kinds[kind] = x
	}
	r.indexed.mu.Unlock()
	at := slices.Clone(x.patterns)
	for _, name := range names {
		at = append(at, x.named[name]...)
	}
	slices.Sort(at)
	out := make([]ConfigLine, 0, len(at))
	for _, i := range slices.Compact(at) {
		out = append(out, lines[i])
	}
	return out
}
