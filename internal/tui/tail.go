package tui

import "example.org/kmodsh/internal/trace"

const (
	chunk    = 256 // events per piece of a Tail
	chunks   = 32  // pieces kept
	tailSize = chunk * chunks
)

// Tail is the last events of a target, at most tailSize and never fewer than
// tailSize-chunk once that many came. It is a value: Append returns a new Tail
// and leaves the old one as it was, sharing all full pieces with it, so that
// snapshots of many moments cost little.
type Tail struct {
	pieces [][]trace.Event // all but the last are full
}

// Len returns the number of events kept.
func (t Tail) Len() int {
	n := len(t.pieces)
	if n == 0 {
		return 0
	}
	return (n-1)*chunk + len(t.pieces[n-1])
}

// At returns event i, oldest first.
func (t Tail) At(i int) *trace.Event { return &t.pieces[i/chunk][i%chunk] }

// Append returns the tail with more events at its end.
func (t Tail) Append(events []trace.Event) Tail {
	if len(events) == 0 {
		return t
	}
	if len(events) > tailSize { // keep the last; what goes was already folded
		events = events[len(events)-tailSize:]
	}
	pieces := make([][]trace.Event, len(t.pieces), len(t.pieces)+len(events)/chunk+2)
	copy(pieces, t.pieces)
	if n := len(pieces); n > 0 && len(pieces[n-1]) < chunk {
		room := min(chunk-len(pieces[n-1]), len(events))
		grown := make([]trace.Event, 0, chunk)
		grown = append(append(grown, pieces[n-1]...), events[:room]...)
		pieces[n-1], events = grown, events[room:]
	}
	for len(events) > 0 {
		n := min(chunk, len(events))
		pieces = append(pieces, append(make([]trace.Event, 0, chunk), events[:n]...))
		events = events[n:]
	}
	if n := len(pieces); n > chunks {
		pieces = pieces[n-chunks:]
	}
	return Tail{pieces}
}
