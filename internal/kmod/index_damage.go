package kmod

import (
	"errors"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

// What is done about an index that is damaged or cannot be read. Who asks the
// tree may have said that it listens (OnDamage): then each damaged file is told,
// once, with the file and the place in it, and the tree does without, by the
// text of the same index where that is sound. To who does not listen the damage
// is the answer: no index is passed over in silence.

// OnDamage has fn told of every damaged file of the tree that is passed over
// from now on, as an error that wraps kernel.ErrDamaged or says why the file
// cannot be read. Without one such a file is an error of what asks for it. It is
// called before any question, and fn from any goroutine.
func (t *Tree) OnDamage(fn func(error)) { t.onDamage = fn }

// listening returns a tree over the same directory that does without what is
// damaged, for who tells of it in another way (Health). Its indexes are its own:
// it is closed by closeIndexes, and not after t.
func (t *Tree) listening() *Tree {
	return &Tree{name: t.name, root: t.root, fsys: t.fsys, host: t.host, onDamage: func(error) {}, indexes: map[string]*treeIndex{}}
}

// listening is the resolver over a tree that does without what is damaged; done
// is called after the last question.
func (r *Resolver) listening() (_ *Resolver, done func()) {
	tree := r.tree.listening()
	l := NewResolver(tree, r.user)
	l.AtHand = r.AtHand
	return l, func() { tree.closeIndexes() }
}

// instead puts the text of an index in the place of its binary file, in which
// err was found. It reports whether ix is out of use, so that the question is to
// be asked again; else err is the answer, with what hinders the text.
func (t *Tree) instead(kind indexKind, ix *treeIndex, err error) (bool, error) {
	if t.onDamage == nil || ix.text {
		return false, err
	}
	t.mu.Lock()
	if t.indexes[string(kind)] != ix {
		t.mu.Unlock()
		return true, err // somebody else has done it
	}
	text := t.openText(kind)
	switch {
	case text.err != nil:
		err = errors.Join(err, text.err)
	case text.reader == nil:
	default:
		text.closer = ix.closer // the other is in use yet
		t.indexes[string(kind)] = text
	}
	t.mu.Unlock()
	if text.err != nil || text.reader == nil {
		return false, err
	}
	t.onDamage(fmt.Errorf("%w; %s beside it is read in its place", err, text.file))
	return true, err
}

// openText opens the text of an index; its reader is nil where there is none.
func (t *Tree) openText(kind indexKind) *treeIndex {
	ix := &treeIndex{file: kind.textFile(), text: true}
	b, err := t.readText(ix.file)
	if err != nil || b == nil {
		ix.err = err
		return ix
	}
	ix.reader, ix.err = textIndex(kind, b, t.name+"/"+ix.file)
	return ix
}

// lookup returns the first value of exactly key in an index of the tree.
func (t *Tree) lookup(kind indexKind, key string) (value string, ok bool, err error) {
	err = t.ask(kind, func(b *binIndex) error {
		value, ok, err = b.first(key)
		return err
	})
	return value, ok, err
}

// match returns all values in an index of the tree whose key matches name.
func (t *Tree) match(kind indexKind, name string) (found []indexMatch, err error) {
	err = t.ask(kind, func(b *binIndex) error {
		found, err = b.match(name)
		return err
	})
	return found, err
}

// walk calls fn for the entries of an index of the tree. Where damage turns up on
// the way the text goes on behind the last key.
func (t *Tree) walk(kind indexKind, prefix string, fn func(key, value string) bool) error {
	last, began := "", false
	return t.ask(kind, func(b *binIndex) error {
		from, again := last, began
		return b.walk(prefix, func(key, value string) bool {
			if again && key <= from {
				return true
			}
			last, began = key, true
			return fn(key, value)
		})
	})
}

// ask puts a question to an index, and once more where the text takes its place.
// Without the index there is no answer and no error.
func (t *Tree) ask(kind indexKind, question func(*binIndex) error) error {
	for {
		ix, err := t.index(kind)
		if err == nil && ix.reader == nil {
			return nil
		}
		if err == nil {
			if err = question(ix.reader); err == nil {
				return nil
			}
		}
		again, err := t.instead(kind, ix, err)
		if !again {
			return err
		}
	}
}

// damagedLine is the error of a line that makes no sense in a file that depmod
// makes, at an offset in bytes.
func damagedLine(file string, line int, offset int64, text, of string) error {
	return fmt.Errorf("%s:%d: %w at byte %d: %q is no line of %s; run depmod to make it anew", file, line, kernel.ErrDamaged, offset, clipText(text), of)
}
