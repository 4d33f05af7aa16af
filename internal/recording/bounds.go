package recording

import (
	"errors"
	"fmt"
)

// Bounds of a file, so that none that is read takes the machine. Who writes one
// ends it before it comes to them, so that all that is written can be read.
const (
	maxUnpacked = 256 << 20 // bytes
	maxLine     = 4 << 20   // bytes
	maxEvents   = 1 << 20   // also of actions
	maxFrames   = 1 << 18
	maxVerbs    = 1 << 17
	maxLog      = 4096          // lines of the kernel's log in a snapshot
	maxItems    = 2 << 20       // threads, modules and the like that are written in all positions
	maxShown    = 1 << 25       // that are there in all positions, written or as they were before
	maxBetween  = 16 * keyEvery // positions between two that are whole
	spare       = maxLine       // bytes that are left for the last line
)

// ErrFull is wrapped when a file cannot take any more.
var ErrFull = errors.New("the trace is full")

// room counts what a file has of all that is bounded. The errors say of what it
// would have too much.
type room struct {
	events, actions, frames, verbs int
	items, shown                   int
	there                          int // threads and modules at the last position
	threads                        int // of them
	between                        int // positions since the last that is whole
}

func one(n *int, limit int, what string) error {
	if *n >= limit {
		return tooMany(limit, what)
	}
	*n++
	return nil
}

func tooMany(limit int, what string) error {
	return fmt.Errorf("a trace of more than %d %s", limit, what)
}

func (r *room) event() error  { return one(&r.events, maxEvents, "events") }
func (r *room) action() error { return one(&r.actions, maxEvents, "actions") }
func (r *room) verb() error   { return one(&r.verbs, maxVerbs, "verbs") }

// frame counts a position: what its line has, and what there is to see then, since
// a short line can stand for the thousands that were there before it.
func (r *room) frame(f *frame) error {
	modules := r.there - r.threads
	if f.Key {
		r.threads, modules, r.between = 0, 0, 0
	}
	if f.ThreadOrder != nil {
		r.threads = len(*f.ThreadOrder)
	}
	if f.ModuleOrder != nil {
		modules = len(*f.ModuleOrder)
	}
	r.there = r.threads + modules
	r.items += f.items()
	r.shown += r.there
	r.between++
	switch {
	case r.items > maxItems:
		return tooMany(maxItems, "threads and modules in its positions")
	case r.shown > maxShown:
		return tooMany(maxShown, "threads and modules to see in all of its positions")
	case r.between > maxBetween:
		return tooMany(maxBetween, "positions in a row that only say what has changed")
	}
	return one(&r.frames, maxFrames, "positions")
}
