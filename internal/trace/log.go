package trace

import "sync"

// Log keeps the last events of one target in order, for any number of readers
// who each go at their own pace. It never blocks the writer: a reader that
// falls behind by more than the capacity is told how many events it missed.
// The zero value is not usable; call NewLog.
type Log struct {
	mu      sync.Mutex
	ring    []Event
	first   uint64 // sequence number of the oldest event kept
	next    uint64 // sequence number the next event will get
	changed chan struct{}
	closed  bool
}

// NewLog returns a log that keeps the last capacity events.
func NewLog(capacity int) *Log {
	return &Log{ring: make([]Event, 0, capacity), first: 1, next: 1, changed: make(chan struct{})}
}

// Append adds an event and gives it the next sequence number, which it
// returns. Appending to a closed log does nothing.
func (l *Log) Append(e Event) uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return 0
	}
	e.Seq = l.next
	l.next++
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
	} else {
		l.ring[int((e.Seq-1)%uint64(cap(l.ring)))] = e
		l.first = e.Seq - uint64(cap(l.ring)) + 1
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return e.Seq
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
		events[i] = l.ring[int((from+uint64(i)-1)%uint64(cap(l.ring)))]
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
