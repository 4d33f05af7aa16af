package kmod

import (
	"errors"
	"fmt"
	"slices"
	"sync"

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

// again returns a tree over the same directory that has opened nothing yet and has
// its own listener, nil for none. It is closed by closeIndexes, and not after t.
func (t *Tree) again(onDamage func(error)) *Tree {
	return &Tree{name: t.name, root: t.root, fsys: t.fsys, host: t.host, closed: t.closed, onDamage: onDamage, indexes: map[string]*treeIndex{}}
}

// listening is the resolver over a tree that does without what is damaged, for
// who tells of it in another way (Health); done is called after the last question.
func (r *Resolver) listening() (_ *Resolver, done func()) {
	tree := r.tree.again(func(error) {})
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
	t.onDamage(&PassedOver{File: t.Path(ix.file), Instead: text.file, Err: err})
	return true, err
}

// PassedOver is what who listens is told of: a damaged file, and what is read in
// its place.
type PassedOver struct {
	File    string // its path
	Instead string // the name of the file beside it
	Err     error  // what is wrong with it, and where
}

// Error says all of it in one sentence.
func (p *PassedOver) Error() string {
	return fmt.Sprintf("%v; %s beside it is read in its place", p.Err, p.Instead)
}

// Unwrap returns what is wrong with the file.
func (p *PassedOver) Unwrap() error { return p.Err }

// Passed keeps what trees passed over, each file once however many trees over the
// same directory come across it. The zero value is ready, nil is empty.
type Passed struct {
	mu   sync.Mutex
	list []error
}

// Add is for Tree.OnDamage.
func (p *Passed) Add(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if key := PassedKey(err); !slices.ContainsFunc(p.list, func(e error) bool { return PassedKey(e) == key }) {
		p.list = append(p.list, err)
	}
}

// List returns what was passed over so far, in that order.
func (p *Passed) List() []error {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.list)
}

// PassedKey tells what is passed over from what else is: the path of the file,
// or the whole message of another error.
func PassedKey(err error) string {
	if p := (*PassedOver)(nil); errors.As(err, &p) {
		return p.File
	}
	return err.Error()
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
