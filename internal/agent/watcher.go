package agent

import (
	"sync"

	"example.org/kmodsh/internal/trace"
)

// watchedMax bounds the events a watcher keeps.
const watchedMax = 4096

// watcher keeps the events of requests and of the exits of helpers while one
// operation runs. The stream feeds it; see does not wait.
type watcher struct {
	mu      sync.Mutex
	events  []trace.Event
	changed chan struct{}
}

func newWatcher() *watcher { return &watcher{changed: make(chan struct{}, 1)} }

// see takes in one event.
func (w *watcher) see(e trace.Event) {
	switch e.Point {
	case trace.PointRequest, trace.PointStarted, trace.PointExit:
	default:
		return
	}
	w.mu.Lock()
	if len(w.events) < watchedMax {
		w.events = append(w.events, e)
	}
	w.mu.Unlock()
	select {
	case w.changed <- struct{}{}:
	default:
	}
}

// seen returns the events so far.
func (w *watcher) seen() []trace.Event {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.events[:len(w.events):len(w.events)]
}
