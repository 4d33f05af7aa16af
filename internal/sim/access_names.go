package sim

import (
	"sync"
	"sync/atomic"
)

// Names numbers what footprints and states speak of: modules, what is found by
// name, and threads. Worlds that share one can be compared with each other. It
// only grows, and any number of goroutines may use it.
type Names struct {
	mu   sync.Mutex
	keys map[kin]int // of family
	list atomic.Pointer[nameList]
}

// nameList is what is known. It is replaced, not changed: what is added to a
// slice lies behind all that readers of the old one look at.
type nameList struct {
	modules []string // by slot
	named   []named  // by resource - resNamed
	family  []kin    // threads, by key
	places  []kin    // places in a family, by number: the parent's place, and which child
}

type named struct {
	kind byte
	name string
	id   uint64
}

type kin struct{ parent, child int }

// NewNames returns an empty one.
func NewNames() *Names {
	n := &Names{keys: map[kin]int{}}
	n.list.Store(&nameList{})
	return n
}

// grow replaces the list by one that f has added to, if it still has to.
func (n *Names) grow(f func(*nameList)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	next := *n.list.Load()
	f(&next)
	n.list.Store(&next)
}

// numberOf is the place of x in a list of the Names, which it is added to when it
// is new and there is room for it, else the limit.
func numberOf[T comparable](n *Names, list func(*nameList) *[]T, x T, limit int) int {
	for i, y := range *list(n.list.Load()) {
		if y == x {
			return i
		}
	}
	at := limit
	n.grow(func(l *nameList) {
		known := list(l)
		for i, y := range *known {
			if y == x {
				at = i
				return
			}
		}
		if at = len(*known); at >= limit {
			at = limit
			return
		}
		*known = append(*known, x)
	})
	return at
}

// slot is the number of a module name.
func (w *World) slot(name string) int {
	for i, n := range w.names.list.Load().modules { // most are known
		if n == name {
			return i
		}
	}
	return numberOf(w.names, func(l *nameList) *[]string { return &l.modules }, name, moduleSlots-1)
}

// resource is the number of what is found by name or number.
func (w *World) resource(kind byte, name string, id uint64) int {
	for i, n := range w.names.list.Load().named {
		if n.kind == kind && n.id == id && n.name == name {
			return resNamed + i
		}
	}
	return resNamed + numberOf(w.names, func(l *nameList) *[]named { return &l.named }, named{kind, name, id}, lastNamed-resNamed)
}

// The kinds of what is found by name.
const (
	ofSymbol   = 's'
	ofProvided = 'p'
	ofInode    = 'i'
	ofRequest  = 'r'
	ofCounter  = 'c'
	ofLife     = 'l'
)

// key is the number of the thread that is the child-th of parent, -1: of those
// spawned from outside.
func (n *Names) key(parent, child int) int {
	k := kin{parent, child}
	n.mu.Lock()
	key, known := n.keys[k]
	n.mu.Unlock()
	if known {
		return key
	}
	n.grow(func(l *nameList) {
		if key, known = n.keys[k]; !known {
			key = len(l.family)
			l.family = append(l.family, k)
			n.keys[k] = key
		}
	})
	return key
}

// ParentKey is the Key of the thread that makes the thread with the given key,
// -1 for one that is spawned from outside.
func (n *Names) ParentKey(key int) int { return n.list.Load().family[key].parent }

// Place says where a thread stands in its family: the key of the one among its
// forebears that was spawned from outside, and a number that is the same for
// threads that stand in the same place of different families.
func (n *Names) Place(key int) (root, place int) {
	k := n.list.Load().family[key]
	if k.parent < 0 {
		return key, 0
	}
	root, up := n.Place(k.parent)
	return root, 1 + numberOf(n, func(l *nameList) *[]kin { return &l.places }, kin{up, k.child}, 1<<30)
}

// KeyAt is the key of the thread at a place of a family.
func (n *Names) KeyAt(root, place int) int {
	if place == 0 {
		return root
	}
	k := n.list.Load().places[place-1]
	return n.key(n.KeyAt(root, k.parent), k.child)
}

// Share makes the world number by the given names. It is to be called before
// anything happens in the world, and holds for its restarts.
func (w *World) Share(n *Names) { w.names = n }

// Names returns what the world numbers by.
func (w *World) Names() *Names { return w.names }
