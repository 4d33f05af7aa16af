package lab

import "example.org/kmodsh/internal/trace"

// story is all that had happened by a checkpoint. Checkpoints of one past share
// what they have in common: each adds the events since the one before. nil is
// the beginning.
type story struct {
	before *story
	events []trace.Event // those after before's that the log had, in order
	end    uint64        // number of the last event
}

// last returns the number of the last event.
func (s *story) last() uint64 {
	if s == nil {
		return 0
	}
	return s.end
}

// goOn returns the story that follows on s up to the event with number end.
func (s *story) goOn(log *trace.Log, end uint64) *story {
	events, _ := log.After(s.last(), 0)
	for len(events) > 0 && events[len(events)-1].Seq > end {
		events = events[:len(events)-1]
	}
	return &story{before: s, events: events, end: end}
}

// common returns the newest moment that two stories share.
func (s *story) common(o *story) *story {
	seen := map[*story]bool{nil: true}
	for ; s != nil; s = s.before {
		seen[s] = true
	}
	for !seen[o] {
		o = o.before
	}
	return o
}

// since returns the events of s after those of base, which it follows on.
func (s *story) since(base *story) []trace.Event {
	var parts [][]trace.Event
	n := 0
	for ; s != base; s = s.before {
		parts = append(parts, s.events)
		n += len(s.events)
	}
	all := make([]trace.Event, 0, n)
	for i := len(parts) - 1; i >= 0; i-- {
		all = append(all, parts[i]...)
	}
	return all
}
