package kmod

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
)

// The binary index format of libkmod, version 2.1 (kmod 30,
// libkmod/libkmod-index.c): big endian words, a radix tree whose node offsets
// carry in their top bits which fields the node has.
const (
	indexMagic        = 0xB007F457
	indexVersion      = 0x00020001
	indexHasPrefix    = 0x80000000
	indexHasValues    = 0x40000000
	indexHasChildren  = 0x20000000
	indexOffsetMask   = 0x0FFFFFFF
	indexHeaderLength = 12
)

// indexEntry is one key of an index with one of its values. Values of a key
// are kept by rising priority; of two with the same priority the one added
// later comes first, as kmod's depmod leaves them.
type indexEntry struct {
	key, value string
	priority   uint32
	added      uint32 // which call of add it was
}

// indexWriter collects the entries of one index file.
type indexWriter struct {
	entries []indexEntry
	last    string // value that was found to be indexable
}

// add puts in a value. It reports false, and adds nothing, when key or value
// has a byte that the format cannot hold: it knows 7-bit characters only, and
// a NUL ends a string.
func (w *indexWriter) add(key, value string, priority uint32) bool {
	if value != w.last { // a module's name is the value of all of its aliases
		if !indexable(value) {
			return false
		}
		w.last = value
	}
	if !indexable(key) {
		return false
	}
	w.entries = append(w.entries, indexEntry{key, value, priority, uint32(len(w.entries))})
	return true
}

// encode returns the index file. A node comes before its children, which is the
// order of kmod 34 (tools/depmod.c, index_write__node), so that files can be
// compared byte by byte with its; up to 33 it came behind them. The entries are in
// another order afterwards.
func (w *indexWriter) encode() ([]byte, error) {
	size := indexHeaderLength
	for i := range w.entries {
		size += 16 + len(w.entries[i].value) + len(w.entries[i].key)/2
	}
	e := indexEncoder{out: make([]byte, indexHeaderLength, size)}
	root := e.node(w.entries, 0, true, false)
	if len(e.out) > indexOffsetMask {
		return nil, fmt.Errorf("index of %d bytes: the format ends at %d", len(e.out), indexOffsetMask)
	}
	binary.BigEndian.PutUint32(e.out[0:], indexMagic)
	binary.BigEndian.PutUint32(e.out[4:], indexVersion)
	binary.BigEndian.PutUint32(e.out[8:], root)
	return e.out, nil
}

// indexEncoder writes the nodes of an index.
type indexEncoder struct{ out []byte }

// fewEntries is how many entries are sorted at once: of so few a node for each byte
// of their keys would take longer.
const fewEntries = 16

// node writes the subtree of entries, which are equal in their first depth bytes,
// and returns its offset word. They are sorted on the way, unless they are, a
// node's children by one byte: a radix sort makes the tree, and needs it.
func (e *indexEncoder) node(entries []indexEntry, depth int, root, sorted bool) uint32 {
	if len(entries) <= fewEntries && !sorted {
		sortFew(entries, depth)
		sorted = true
	}
	end := depth
	if !root {
		end = commonPrefix(entries, depth, sorted)
	}
	if !sorted {
		byByte(entries, end)
	}
	values := 0
	for values < len(entries) && len(entries[values].key) == end {
		values++
	}
	if !sorted {
		slices.SortFunc(entries[:values], compareValues)
	}
	rest := entries[values:]

	offset := uint32(len(e.out)) & indexOffsetMask
	if end > depth {
		e.text(entries[0].key[depth:end])
		offset |= indexHasPrefix
	}
	var low byte
	children := 0 // where their offset words are
	if len(rest) > 0 {
		low = rest[0].key[end]
		high := rest[len(rest)-1].key[end]
		e.out = append(e.out, low, high)
		children = len(e.out)
		e.out = append(e.out, make([]byte, 4*(int(high)-int(low)+1))...)
		offset |= indexHasChildren
	}
	if values > 0 {
		e.word(uint32(values))
		for i := range entries[:values] {
			e.value(&entries[i])
		}
		offset |= indexHasValues
	}
	for len(rest) > 0 {
		c := rest[0].key[end]
		n := 1
		for n < len(rest) && rest[n].key[end] == c {
			n++
		}
		child := uint32(0)
		if n == 1 {
			child = e.leaf(&rest[0], end+1)
		} else {
			child = e.node(rest[:n], end+1, false, sorted)
		}
		binary.BigEndian.PutUint32(e.out[children+4*int(c-low):], child)
		rest = rest[n:]
	}
	return offset
}

// leaf writes the node of an entry whose key is behind depth like no other's.
func (e *indexEncoder) leaf(entry *indexEntry, depth int) uint32 {
	offset := uint32(len(e.out))&indexOffsetMask | indexHasValues
	if depth < len(entry.key) {
		e.text(entry.key[depth:])
		offset |= indexHasPrefix
	}
	e.word(1)
	e.value(entry)
	return offset
}

func (e *indexEncoder) value(v *indexEntry) {
	e.word(v.priority)
	e.text(v.value)
}

func (e *indexEncoder) word(v uint32) { e.out = binary.BigEndian.AppendUint32(e.out, v) }
func (e *indexEncoder) text(s string) { e.out = append(append(e.out, s...), 0) }

// commonPrefix is how many bytes the keys have in common, of which there are depth.
func commonPrefix(entries []indexEntry, depth int, sorted bool) int {
	first := entries[0].key
	end := len(first)
	if sorted { // what the first and the last have, all have
		entries = entries[len(entries)-1:]
	}
	for i := range entries {
		key := entries[i].key
		end = min(end, len(key))
		n := depth
		for n < end && key[n] == first[n] {
			n++
		}
		if end = n; end == depth {
			break
		}
	}
	return end
}

// byByte brings entries into the order of the byte that their keys have at a
// place, those first whose keys end there.
func byByte(entries []indexEntry, at int) {
	byteOf := func(e *indexEntry) byte {
		if len(e.key) == at {
			return 0
		}
		return e.key[at]
	}
	var next, ends [0x80]uint32 // where the next of a byte goes, and where they end
	for i := range entries {
		ends[byteOf(&entries[i])&0x7f]++
	}
	sum := uint32(0)
	for c, n := range ends {
		next[c] = sum
		sum += n
		ends[c] = sum
	}
	for c, end := range ends { // those before c are all in their places
		for next[c] < end {
			i := next[c]
			if b := byteOf(&entries[i]) & 0x7f; int(b) != c {
				entries[i], entries[next[b]] = entries[next[b]], entries[i]
				next[b]++
			} else {
				next[c]++
			}
		}
	}
}

// sortFew sorts entries that are equal in their first depth bytes by insertion.
func sortFew(entries []indexEntry, depth int) {
	for i := 1; i < len(entries); i++ {
		for n := i; n > 0; n-- {
			a, b := &entries[n-1], &entries[n]
			if c := strings.Compare(a.key[depth:], b.key[depth:]); c < 0 || c == 0 && compareValues(*a, *b) <= 0 {
				break
			}
			*a, *b = *b, *a
		}
	}
}

// compareValues compares the values of one key.
func compareValues(a, b indexEntry) int {
	return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.added, a.added))
}
