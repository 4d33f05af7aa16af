package tui

import (
	"sync"
	"time"
)

// work counts what is under way in the background and must not be left behind
// when the screen ends: verbs, and opening a target.
type work struct {
	mu     sync.Mutex
	n      int
	closed bool
	idle   chan struct{}
}

// start counts one more; false when the screen has ended.
func (w *work) start() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.closed {
		w.n++
	}
	return !w.closed
}

func (w *work) done() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.n--; w.n == 0 && w.closed {
		close(w.idle)
	}
}

// end lets nothing new start and waits for the rest, but not longer than max.
func (w *work) end(max time.Duration) {
	w.mu.Lock()
	w.closed = true
	w.idle = make(chan struct{})
	busy := w.n > 0
	w.mu.Unlock()
	if !busy {
		return
	}
	t := time.NewTimer(max)
	defer t.Stop()
	select {
	case <-w.idle:
	case <-t.C:
	}
}
