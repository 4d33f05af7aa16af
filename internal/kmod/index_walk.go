package kmod

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// errWalkEnded ends a walk when its caller has seen enough.
var errWalkEnded = errors.New("walk ended")

// sortMatches puts matches, which come in the order they were found, into
// libkmod's order: by rising priority, of equals the one found last first
// (libkmod-index.c, add_value inserts before its equals).
func sortMatches(found []indexMatch) []indexMatch {
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b indexMatch) int { return cmp.Compare(a.priority, b.priority) })
	return found
}

// binWalk is one lookup in a binary index, with what it has used up.
type binWalk struct {
	b     *binIndex
	nodes int
	bytes int
	steps int
	out   []indexMatch
	key   [256]byte // what most keys have room in while they are put together
}

// node reads a node and counts it.
func (w *binWalk) node(ref uint32) (binNode, error) {
	// A node that holds something takes 13 bytes at least, so an index of more
	// nodes than the bound is a large one.
	if w.nodes++; w.nodes > max(maxIndexNodes, int(w.b.size/13)) {
		return binNode{}, damaged(w.b.file, int64(ref&indexOffsetMask), fmt.Sprintf("more than %d nodes on one lookup: its offsets go in circles", w.nodes-1))
	}
	return w.b.node(ref)
}

// values adds up to limit values of a node to the result, in stored order.
func (w *binWalk) values(n binNode, key string, limit uint32) error {
	if n.values == 0 {
		return nil
	}
	count, err := w.b.word(n.values)
	if err != nil {
		return err
	}
	// A value takes five bytes at least.
	if int64(count) > (w.b.size-n.values)/5 || count > maxIndexValues {
		return damaged(w.b.file, n.values, fmt.Sprintf("a key with %d values", count))
	}
	at := n.values + 4
	for range min(count, limit) {
		priority, err := w.b.word(at)
		if err != nil {
			return err
		}
		value, next, err := w.b.text(at+4, maxIndexValue)
		if err != nil {
			return err
		}
		w.bytes += len(value)
		if len(w.out) >= maxIndexValues || w.bytes > maxIndexTotal {
			return damaged(w.b.file, at, fmt.Sprintf("more than %d values or %d bytes on one lookup", maxIndexValues, maxIndexTotal))
		}
		w.out = append(w.out, indexMatch{key: key, value: string(value), priority: priority})
		at = next
	}
	return nil
}

func isWild(c byte) bool { return c == '*' || c == '?' || c == '[' }

// descend follows key from the root; where the tree goes on with a wildcard,
// all below is tried as a pattern (libkmod, index_searchwild__node).
func (w *binWalk) descend(key string) error {
	i := 0
	for ref := w.b.root; ref != 0; i++ {
		n, err := w.node(ref)
		if err != nil {
			return err
		}
		for j, c := range n.prefix {
			if isWild(c) {
				return w.patterns(n, j, append(w.key[:0], key[:i+j]...), i+j, key)
			}
			if i+j >= len(key) || c != key[i+j] {
				return nil
			}
		}
		i += len(n.prefix)
		for _, c := range []byte("*?[") {
			sub, err := w.b.child(n, int(c))
			if err != nil {
				return err
			}
			if sub == 0 {
				continue
			}
			m, err := w.node(sub)
			if err != nil {
				return err
			}
			if err := w.patterns(m, 0, append(append(w.key[:0], key[:i]...), c), i, key); err != nil {
				return err
			}
		}
		if i == len(key) {
			return w.values(n, key, maxIndexValues)
		}
		if ref, err = w.b.child(n, int(key[i])); err != nil {
			return err
		}
	}
	return nil
}

// patterns tries all keys at and below n as patterns. buf holds the key so
// far; its first lit bytes are literal and equal to key's (libkmod,
// index_searchwild__all: children first, then the node's own values).
func (w *binWalk) patterns(n binNode, j int, buf []byte, lit int, key string) error {
	buf = append(buf, n.prefix[j:]...)
	if len(buf) > maxIndexKey {
		return damaged(w.b.file, n.children, fmt.Sprintf("a key longer than %d bytes", maxIndexKey))
	}
	last := n.last
	if last >= n.first {
		may, steps := globBegins(buf[lit:], key[lit:])
		if w.steps += steps; !may {
			last = n.first - 1 // nothing below can match
		}
	}
	if w.steps > maxIndexSteps {
		return damaged(w.b.file, n.children, fmt.Sprintf("more than %d comparisons on one lookup: no sound index has such patterns", maxIndexSteps))
	}
	for c := n.first; c <= last; c++ {
		sub, err := w.b.child(n, c)
		if err != nil {
			return err
		}
		if sub == 0 {
			continue
		}
		m, err := w.node(sub)
		if err != nil {
			return err
		}
		if err := w.patterns(m, 0, append(buf, byte(c)), lit, key); err != nil {
			return err
		}
	}
	if n.values == 0 {
		return nil
	}
	ok, steps := globCount(buf[lit:], key[lit:])
	if w.steps += steps; !ok {
		return nil
	}
	return w.values(n, string(buf), maxIndexValues)
}

// dump calls fn for every entry whose key starts with prefix, in key order.
func (w *binWalk) dump(prefix string, fn func(key, value string) bool) error {
	ref, rest := w.b.root, prefix
	var buf []byte
	for {
		n, err := w.node(ref)
		if err != nil {
			return err
		}
		if strings.HasPrefix(string(n.prefix), rest) {
			return w.dumpNode(n, buf, fn)
		}
		if !strings.HasPrefix(rest, string(n.prefix)) {
			return nil
		}
		buf = append(buf, n.prefix...)
		rest = rest[len(n.prefix):]
		if ref, err = w.b.child(n, int(rest[0])); err != nil || ref == 0 {
			return err
		}
		buf = append(buf, rest[0])
		rest = rest[1:]
	}
}

func (w *binWalk) dumpNode(n binNode, buf []byte, fn func(key, value string) bool) error {
	buf = append(buf, n.prefix...)
	if len(buf) > maxIndexKey {
		return damaged(w.b.file, n.children, fmt.Sprintf("a key longer than %d bytes", maxIndexKey))
	}
	w.out, w.bytes = w.out[:0], 0
	if err := w.values(n, string(buf), maxIndexValues); err != nil {
		return err
	}
	for _, m := range w.out {
		if !fn(m.key, m.value) {
			return errWalkEnded
		}
	}
	for c := n.first; c <= n.last; c++ {
		sub, err := w.b.child(n, c)
		if err != nil {
			return err
		}
		if sub == 0 {
			continue
		}
		m, err := w.node(sub)
		if err != nil {
			return err
		}
		if err := w.dumpNode(m, append(buf, byte(c)), fn); err != nil {
			return err
		}
	}
	return nil
}
