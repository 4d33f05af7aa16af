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
	added      int // which call of add it was
}

// indexWriter collects the entries of one index file.
type indexWriter struct {
	entries []indexEntry
}

// add puts in a value. It reports false, and adds nothing, when key or value
// has a byte that the format cannot hold: it knows 7-bit characters only, and
// a NUL ends a string.
func (w *indexWriter) add(key, value string, priority uint32) bool {
	if !indexable(key) || !indexable(value) {
		return false
	}
	w.entries = append(w.entries, indexEntry{key, value, priority, len(w.entries)})
	return true
}

func indexable(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] == 0 || s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// encode returns the index file. Nodes are written children first, which is
// the order kmod up to 33 has, so that files can be compared byte by byte
// with theirs.
func (w *indexWriter) encode() ([]byte, error) {
	slices.SortFunc(w.entries, func(a, b indexEntry) int {
		if c := strings.Compare(a.key, b.key); c != 0 {
			return c
		}
		return cmp.Or(cmp.Compare(a.priority, b.priority), cmp.Compare(b.added, a.added))
	})
	size := indexHeaderLength
	for _, e := range w.entries {
		size += 16 + len(e.value) + len(e.key)/2
	}
	e := indexEncoder{out: make([]byte, indexHeaderLength, size)}
	root := e.node(w.entries, 0, true)
	if len(e.out) > indexOffsetMask {
		return nil, fmt.Errorf("index of %d bytes: the format ends at %d", len(e.out), indexOffsetMask)
	}
	binary.BigEndian.PutUint32(e.out[0:], indexMagic)
	binary.BigEndian.PutUint32(e.out[4:], indexVersion)
	binary.BigEndian.PutUint32(e.out[8:], root)
	return e.out, nil
}

type indexEncoder struct{ out []byte }

// node writes the subtree of entries, which are sorted and equal in their
// first depth bytes, and returns its offset word.
func (e *indexEncoder) node(entries []indexEntry, depth int, root bool) uint32 {
	end := depth
	if !root && len(entries) > 0 {
		first, last := entries[0].key, entries[len(entries)-1].key
		for end < len(first) && end < len(last) && first[end] == last[end] {
			end++
		}
	}
	values := 0
	for values < len(entries) && len(entries[values].key) == end {
		values++
	}
	rest := entries[values:]

	var low, high byte
	var children []uint32
	if len(rest) > 0 {
		low, high = rest[0].key[end], rest[len(rest)-1].key[end]
		children = make([]uint32, int(high)-int(low)+1)
		for len(rest) > 0 {
			c := rest[0].key[end]
			n := 1
			for n < len(rest) && rest[n].key[end] == c {
				n++
			}
			children[c-low] = e.node(rest[:n], end+1, false)
			rest = rest[n:]
		}
	}

	offset := uint32(len(e.out)) & indexOffsetMask
	if end > depth {
		e.text(entries[0].key[depth:end])
		offset |= indexHasPrefix
	}
	if children != nil {
		e.out = append(e.out, low, high)
		for _, c := range children {
			e.word(c)
		}
		offset |= indexHasChildren
	}
	if values > 0 {
		e.word(uint32(values))
		for _, v := range entries[:values] {
			e.word(v.priority)
			e.text(v.value)
		}
		offset |= indexHasValues
	}
	return offset
}

func (e *indexEncoder) word(v uint32) { e.out = binary.BigEndian.AppendUint32(e.out, v) }
func (e *indexEncoder) text(s string) { e.out = append(append(e.out, s...), 0) }
