package kmod

import (
	"iter"
	"slices"
	"strings"
	"sync"
)

// manyLines is from how many lines of one kind on an index of their names pays, and
// lines are taken apart anew each time they are asked for. Nearly every
// configuration has fewer.
const manyLines = 64

// kindLines are the entries of one kind, in the order in which they count.
type kindLines struct {
	once  sync.Once
	few   []ConfigLine // all of them, where they are few
	index *lineIndex   // where they are many
}

// lineIndex finds the lines of one kind that may be about a name, by the numbers
// that lines have in the order of all. It keeps no names, but a table of lists by
// their hashes: last has the last line of each, before the one before a line. Both
// are places in lines counted from 1, and 0 is none; so a line takes 12 to 16 bytes.
type lineIndex struct {
	lines    []uint32
	last     []uint32
	before   []uint32
	patterns []uint32 // numbers of the lines of which the name is one
}

// nameHash is FNV-1a of a name, dashes as underscores.
func nameHash(name string) uint32 {
	h := uint32(2166136261)
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c == '-' {
			c = '_'
		}
		h = (h ^ uint32(c)) * 16777619
	}
	return h
}

// lineAt is a line of the configuration before it is taken apart.
type lineAt struct {
	stored storedLine
	file   string
	parsed *ConfigLine // of the kernel's command line; nil for one of a file
}

// name is the line's name as it is written.
func (l lineAt) name() string {
	if l.parsed != nil {
		return l.parsed.Name
	}
	name, _ := configWord(l.stored.args)
	return name
}

func (l lineAt) entry() ConfigLine {
	if l.parsed != nil {
		return *l.parsed
	}
	return l.stored.entry(l.file)
}

// allKinds is for walk, in place of a kind.
const allKinds = -1

// walk yields the lines of a kind in the order in which they count, each with its
// number in the order of all, until yield says false.
func (c *Config) walk(kind int, yield func(n uint32, l lineAt) bool) {
	n := uint32(0)
	for i := range c.files {
		f := &c.files[i]
		if kind == allKinds || f.counts[kind] > 0 {
			for j, s := range f.lines {
				if (kind == allKinds || int(s.kind) == kind) && !yield(n+uint32(j), lineAt{stored: s, file: f.path}) {
					return
				}
			}
		}
		n += uint32(len(f.lines))
	}
	for i := range c.cmdline {
		l := &c.cmdline[i]
		if (kind == allKinds || l.Kind == configKinds[kind]) && !yield(n+uint32(i), lineAt{parsed: l}) {
			return
		}
	}
}

// entries yields the entries of a kind.
func (c *Config) entries(kind int) iter.Seq[ConfigLine] {
	return func(yield func(ConfigLine) bool) {
		c.walk(kind, func(_ uint32, l lineAt) bool { return yield(l.entry()) })
	}
}

// indexLines makes the index of the lines of a kind, of which there are count.
func (c *Config) indexLines(kind, count int) *lineIndex {
	size := 1
	for size < count {
		size *= 2
	}
	x := &lineIndex{lines: make([]uint32, 0, count), last: make([]uint32, size), before: make([]uint32, 0, count)}
	c.walk(kind, func(n uint32, l lineAt) bool {
		name := l.name()
		x.lines = append(x.lines, n)
		if strings.ContainsAny(name, `*?[\`) {
			x.patterns, x.before = append(x.patterns, n), append(x.before, 0)
			return true
		}
		list := &x.last[nameHash(name)&uint32(size-1)]
		x.before = append(x.before, *list)
		*list = uint32(len(x.lines))
		return true
	})
	return x
}

// line is the entry of a number.
func (c *Config) line(n uint32) ConfigLine {
	i := int(n)
	for k := range c.files {
		f := &c.files[k]
		if i < len(f.lines) {
			return f.lines[i].entry(f.path)
		}
		i -= len(f.lines)
	}
	return c.cmdline[i]
}

// kind returns the entries of one kind, made ready.
func (r *Resolver) kind(kind ConfigKind) *kindLines {
	k := kindNumber(string(kind))
	x := &r.kinds[k]
	x.once.Do(func() {
		c, _ := r.Config() // who asks looks at r.err
		count := 0
		for i := range c.files {
			count += c.files[i].counts[k]
		}
		for _, l := range c.cmdline {
			if l.Kind == kind {
				count++
			}
		}
		if count >= manyLines {
			x.index = c.indexLines(k, count)
			return
		}
		if count == 0 {
			return
		}
		x.few = slices.AppendSeq(make([]ConfigLine, 0, count), c.entries(k))
	})
	return x
}

// each yields the entries of one kind in the order in which they count.
func (r *Resolver) each(kind ConfigKind) iter.Seq[ConfigLine] {
	x := r.kind(kind)
	if x.index == nil {
		return slices.Values(x.few)
	}
	return r.whole.entries(kindNumber(string(kind)))
}

// about returns the entries of one kind that may be about one of the names, in the
// order in which they count; it leaves out only what is certainly about another.
// Without it a plan with as many modules as there are softdep lines would compare
// each with each.
func (r *Resolver) about(kind ConfigKind, names ...string) []ConfigLine {
	k := r.kind(kind)
	if k.index == nil {
		return k.few
	}
	x := k.index
	at := slices.Clone(x.patterns)
	for _, name := range names {
		for i := x.last[nameHash(name)&uint32(len(x.last)-1)]; i > 0; i = x.before[i-1] {
			at = append(at, x.lines[i-1])
		}
	}
	slices.Sort(at)
	at = slices.Compact(at)
	out := make([]ConfigLine, len(at))
	for i, n := range at {
		out[i] = r.whole.line(n)
	}
	return out
}
