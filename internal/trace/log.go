package trace

import (
	"slices"
	"sync"
)

// Log keeps the last events of one target in order, for any number of readers
// who each go at their own pace. It never blocks the writer: a reader that
// falls behind by more than the capacity is told how many events it missed.
// The zero value is not usable; call NewLog.
type Log struct {
	mu      sync.Mutex
	size    int     // most events kept
	ring    []Event // grows to size
	first   uint64  // sequence number of the oldest event kept
	next    uint64  // sequence number the next event will get
	changed chan struct{}
	closed  bool
	cuts    uint64
}

// NewLog returns a log that keeps the last capacity events.
func NewLog(capacity int) *Log {
	return &Log{size: capacity, first: 1, next: 1, changed: make(chan struct{})}
}

// Append adds an event and gives it the next sequence number, which it
// returns. Appending to a closed log does nothing.
func (l *Log) Append(e Event) uint64 { return l.AppendAll([]Event{e}) }

// AppendAll appends events in order, as Append does each, and tells readers
// once. It returns the sequence number of the last.
func (l *Log) AppendAll(events []Event) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || len(events) == 0 {
		return 0
	}
	if room := l.size - len(l.ring); room > 0 {
		l.ring = slices.Grow(l.ring, min(room, len(events)))
	}
	for _, e := range events {
		e.Seq = l.next
		l.add(e)
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return l.next - 1
}

// add puts the event with the next number into the ring.
func (l *Log) add(e Event) {
	l.next++
	i := l.index(e.Seq)
	for len(l.ring) <= i {
		l.ring = append(l.ring, Event{})
	}
	l.ring[i] = e
	if size := uint64(l.size); l.next-l.first > size {
		l.first = l.next - size
	}
}

// index is where the ring keeps the event of a sequence number.
func (l *Log) index(seq uint64) int { return int((seq - 1) % uint64(l.size)) }

// Cut forgets the events with a sequence number above seq, for a target that
// goes back: the next event gets seq+1. A reader that goes on after a higher
// number finds nothing until it sees Cuts change and begins again.
func (l *Log) Cut(seq uint64) { l.Rewrite(seq, nil) }

// Rewrite is Cut followed by events that a target which goes forth has again.
// They have numbers already, ascending and above seq; what is missing between
// them was kept by nobody.
func (l *Log) Rewrite(seq uint64, events []Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed || seq+1 >= l.next && len(events) == 0 {
		return
	}
	if seq+1 < l.next {
		l.next = seq + 1
		l.cuts++
		l.first = min(l.first, l.next)
	}
	for _, e := range events {
		if e.Seq != l.next {
			l.first, l.next = e.Seq, e.Seq
		}
		l.add(e)
	}
	close(l.changed)
	l.changed = make(chan struct{})
}

// Copy returns a log of its own that holds, under the same numbers, the events
// up to number seq: the past of a target that a second one shares.
func (l *Log) Copy(seq uint64) *Log {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := &Log{size: l.size, first: l.first, next: l.next, ring: slices.Clone(l.ring), changed: make(chan struct{})}
	if seq+1 < c.next {
		c.next = seq + 1
		c.first = min(c.first, c.next)
	}
	return c
}

// Cuts returns how often events were forgotten by Cut.
func (l *Log) Cuts() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cuts
}

// After returns the events kept with a sequence number above seq, at most
// limit of them (0: all), and how many between seq and the first of them are
// no longer kept.
func (l *Log) After(seq uint64, limit int) (events []Event, missed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	from := seq + 1
	if from < l.first {
		missed = l.first - from
		from = l.first
	}
	if from >= l.next {
		return nil, missed
	}
	n := int(l.next - from)
	if limit > 0 && n > limit {
		n = limit
	}
	events = make([]Event, n)
	for i := range events {
		events[i] = l.ring[l.index(from+uint64(i))]
	}
	return events, missed
}

// Last returns the sequence number of the newest event, 0 when there is none.
func (l *Log) Last() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.next - 1
}

// Changed returns a channel that is closed at the next Append or Close. Take
// it before reading with After, so that nothing slips in between.
func (l *Log) Changed() <-chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.changed
}

// Close ends the log: readers waiting on Changed wake up and Closed is true.
func (l *Log) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed {
		l.closed = true
		close(l.changed)
	}
}

// Closed says whether the log has ended.
func (l *Log) Closed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.closed
}
