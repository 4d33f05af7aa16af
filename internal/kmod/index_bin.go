package kmod

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"
)

// binIndex reads a binary index of libkmod where it lies: a lookup reads the
// nodes on its way through a small page cache and nothing else, since each
// helper process the kernel starts pays for what is read.
//
// The format (libkmod/libkmod-index.c of kmod 30): magic, version and root
// offset; then nodes. The top bits of a node's offset say which fields it has:
// a NUL-ended prefix; first, last and a child offset for each character
// between; a count and that many values, each a priority and a NUL-ended
// string. kmod up to 33 writes children before parents, 34 parents first.
type binIndex struct {
	file string
	r    io.ReaderAt
	size int64
	root uint32

	mu    sync.Mutex
	pages [binPages]binPage
	spare []byte // room for pages to come
	read  int    // pages that were read
	whole []byte // the file, once so much was read that the rest is worth it; else nil
}

const (
	binPageSize = 4096
	binPages    = 64

	binPagesAtOnce = 16
	// An index of which more than binMany pages were read, and which is no
	// larger than binLarge bytes, is read as a whole: who asks that much asks for
	// more.
	binMany  = 2 * binPages
	binLarge = 16 << 20
)

type binPage struct {
	number int64 // page number + 1; 0 is empty
	data   []byte
}

// newBinIndex checks the header of a binary index, and that its end is there. file
// names it in errors.
func newBinIndex(r io.ReaderAt, size int64, file string) (*binIndex, error) {
	b := &binIndex{file: file, r: r, size: size}
	if size < indexHeaderLength {
		return nil, damaged(file, size, fmt.Sprintf("it ends within its header of %d bytes", indexHeaderLength))
	}
	var head [3]uint32
	for i := range head {
		v, err := b.word(int64(4 * i))
		if err != nil {
			return nil, err
		}
		head[i] = v
	}
	if head[0] != indexMagic {
		return nil, damaged(file, 0, fmt.Sprintf("it starts with %#08x, not with the magic %#08x", head[0], uint32(indexMagic)))
	}
	if head[1]>>16 != indexVersion>>16 {
		return nil, damaged(file, 4, fmt.Sprintf("version %d.%d, this program reads %d.x", head[1]>>16, head[1]&0xffff, indexVersion>>16))
	}
	b.root = head[2]
	if b.root&indexOffsetMask == 0 {
		return nil, damaged(file, 8, "it has no root")
	}
	if err := b.checkEnd(); err != nil {
		return nil, err
	}
	return b, nil
}

// page returns the page that holds byte off, and off's place in it.
func (b *binIndex) page(off int64) ([]byte, int, error) {
	if off < 0 || off >= b.size {
		return nil, 0, damaged(b.file, off, fmt.Sprintf("beyond its end at %d", b.size))
	}
	if b.whole != nil {
		return b.whole, int(off), nil
	}
	n := off / binPageSize
	p := &b.pages[n%binPages]
	if p.number != n+1 {
		if b.read++; b.read > binMany && b.size <= binLarge {
			whole := make([]byte, b.size)
			// What fails here is told when it is read page by page.
			if got, _ := b.r.ReadAt(whole, 0); got == len(whole) {
				b.whole, b.spare, b.pages = whole, nil, [binPages]binPage{}
				return whole, int(off), nil
			}
		}
		want := int(min(binPageSize, b.size-n*binPageSize))
		if cap(p.data) < want {
			p.data = b.room(want)
		}
		p.number, p.data = 0, p.data[:want]
		got, err := b.r.ReadAt(p.data, n*binPageSize)
		if got < want {
			if err == nil || errors.Is(err, io.EOF) {
				return nil, 0, damaged(b.file, n*binPageSize+int64(got), "it became shorter while it was read")
			}
			return nil, 0, fmt.Errorf("read %s: %w", b.file, err)
		}
		p.number = n + 1
	}
	return p.data, int(off % binPageSize), nil
}

// room returns room for a page. Pages are made several at a time, since each
// allocation of a process that lives for one lookup is its first of that size.
func (b *binIndex) room(n int) []byte {
	if len(b.spare) < n {
		b.spare = make([]byte, min(binPagesAtOnce*binPageSize, b.size))
	}
	p := b.spare[:n:n]
	b.spare = b.spare[n:]
	return p
}

func (b *binIndex) byte(off int64) (byte, error) {
	p, i, err := b.page(off)
	if err != nil {
		return 0, err
	}
	return p[i], nil
}

func (b *binIndex) word(off int64) (uint32, error) {
	p, i, err := b.page(off)
	if err != nil {
		return 0, err
	}
	if i+4 <= len(p) {
		return binary.BigEndian.Uint32(p[i:]), nil
	}
	var v uint32
	for j := range int64(4) {
		c, err := b.byte(off + j)
		if err != nil {
			return 0, err
		}
		v = v<<8 | uint32(c)
	}
	return v, nil
}

// text reads a NUL-ended string of at most limit bytes; next is behind its NUL.
// The string may not be changed.
func (b *binIndex) text(off int64, limit int) (s []byte, next int64, err error) {
	for at := off; ; {
		p, i, err := b.page(at)
		if err != nil {
			return nil, 0, err
		}
		end := bytes.IndexByte(p[i:min(len(p), i+limit+1)], 0)
		if end >= 0 && b.whole != nil && s == nil {
			return p[i : i+end : i+end], at + int64(end) + 1, nil
		}
		if end >= 0 {
			s = append(s, p[i:i+end]...)
			at += int64(end) + 1
		} else {
			rest := p[i:min(len(p), i+limit+1)]
			s = append(s, rest...)
			at += int64(len(rest))
		}
		if len(s) > limit {
			return nil, 0, damaged(b.file, off, fmt.Sprintf("a string longer than %d bytes", limit))
		}
		if end >= 0 {
			return s, at, nil
		}
	}
}

// binNode is a node without what lies behind: children and values are read
// when they are wanted.
type binNode struct {
	prefix      []byte
	first, last int   // characters with a child; none when last < first
	children    int64 // where the offsets of the children are
	values      int64 // where the values are; 0 when there are none
}

// node reads the node at a node offset.
func (b *binIndex) node(ref uint32) (n binNode, err error) {
	at := int64(ref & indexOffsetMask)
	// A node without fields, the root of an empty index, may be at the end.
	if at < indexHeaderLength || at > b.size {
		return n, damaged(b.file, at, fmt.Sprintf("a node outside the file, which ends at %d", b.size))
	}
	if ref&indexHasPrefix != 0 {
		if n.prefix, at, err = b.text(at, maxIndexKey); err != nil {
			return n, err
		}
	}
	n.first, n.last = 1, 0
	if ref&indexHasChildren != 0 {
		first, err := b.byte(at)
		if err != nil {
			return n, err
		}
		last, err := b.byte(at + 1)
		if err != nil {
			return n, err
		}
		if first > last || last >= 0x80 {
			return n, damaged(b.file, at, fmt.Sprintf("children from %#02x to %#02x", first, last))
		}
		n.first, n.last, n.children = int(first), int(last), at+2
		at += 2 + 4*int64(last-first+1)
	}
	if ref&indexHasValues != 0 {
		n.values = at
	}
	return n, nil
}

// child returns the node offset of the child for a character, 0 for none.
func (b *binIndex) child(n binNode, c int) (uint32, error) {
	if c < n.first || c > n.last {
		return 0, nil
	}
	ref, err := b.word(n.children + 4*int64(c-n.first))
	if err != nil || ref&indexOffsetMask == 0 {
		return 0, err
	}
	return ref, nil
}

// first returns the first value of exactly key.
func (b *binIndex) first(key string) (string, bool, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for ref := b.root; ref != 0; {
		n, err := b.node(ref)
		if err != nil {
			return "", false, err
		}
		if len(key) < len(n.prefix) || key[:len(n.prefix)] != string(n.prefix) {
			return "", false, nil
		}
		key = key[len(n.prefix):]
		if key == "" {
			w := binWalk{b: b}
			if err := w.values(n, "", 1); err != nil || len(w.out) == 0 {
				return "", false, err
			}
			return w.out[0].value, true, nil
		}
		// The key shrinks at every step, so a cycle of offsets ends.
		if ref, err = b.child(n, int(key[0])); err != nil {
			return "", false, err
		}
		key = key[1:]
	}
	return "", false, nil
}

// match returns the values of all keys that, taken as patterns, match key, in
// libkmod's order.
func (b *binIndex) match(key string) ([]indexMatch, error) {
	if len(key) > maxIndexKey {
		return nil, nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	w := binWalk{b: b}
	if err := w.descend(key); err != nil {
		return nil, err
	}
	return sortMatches(w.out), nil
}

// walk calls fn for every value of every key that starts with prefix, in the
// order of keys, until fn returns false. fn must not use the index.
func (b *binIndex) walk(prefix string, fn func(key, value string) bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	w := binWalk{b: b}
	err := w.dump(prefix, fn)
	if errors.Is(err, errWalkEnded) {
		return nil
	}
	return err
}
