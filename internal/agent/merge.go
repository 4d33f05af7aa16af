package agent

import (
	"container/heap"

	"example.org/kmodsh/internal/trace"
)

// pendingMax bounds the events that wait to be put in order.
const pendingMax = 65536

// merger puts the events of several sources in one order, by time. A source
// hands its events over late and, against others, in any order; so an event
// waits until advance says that no source has an earlier one left.
//
// One that comes later than that (a process that took the time of its event
// and was then kept from sending it) goes behind what is already out, with the
// time of the last event that is: nothing it caused can be out yet, since it
// was sent before the process went on. So the order stays true to cause and
// effect, and times never go back.
type merger struct {
	pending eventHeap
	arrived uint64
	floor   int64 // time of the last event that advance gave out
	dropped uint64
}

// add takes an event. When too many wait, it is dropped and counted.
func (m *merger) add(e trace.Event) {
	if len(m.pending) >= pendingMax {
		m.dropped += 1 + e.Lost
		return
	}
	m.arrived++
	heap.Push(&m.pending, waiting{e, m.arrived})
}

// advance returns, in order, the events up to time t, after which no source
// has one that is earlier.
func (m *merger) advance(t int64) []trace.Event {
	var out []trace.Event
	for len(m.pending) > 0 && m.pending[0].event.Time <= t {
		e := heap.Pop(&m.pending).(waiting).event
		m.floor = max(m.floor, e.Time)
		e.Time = m.floor
		e.Lost += m.dropped
		m.dropped = 0
		out = append(out, e)
	}
	return out
}

// empty says that no event waits.
func (m *merger) empty() bool { return len(m.pending) == 0 }

// waiting is an event with the order of its arrival, which decides between
// events of the same time.
type waiting struct {
	event   trace.Event
	arrived uint64
}

type eventHeap []waiting

func (h eventHeap) Len() int { return len(h) }
func (h eventHeap) Less(i, j int) bool {
	if h[i].event.Time != h[j].event.Time {
		return h[i].event.Time < h[j].event.Time
	}
	return h[i].arrived < h[j].arrived
}
func (h eventHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *eventHeap) Push(x any)   { *h = append(*h, x.(waiting)) }
func (h *eventHeap) Pop() any {
	old := *h
	w := old[len(old)-1]
	old[len(old)-1] = waiting{}
	*h = old[:len(old)-1]
	return w
}
