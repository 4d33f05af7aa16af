package agent

import (
	"testing"

	"pgregory.net/rapid"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/trace"
)

// TestOutboxKeepsTheCount checks for any mix of events, answers and reading
// that numbers and losses add up: the number of an event is the number of the
// one before, its own loss, and one; and that answers keep their place.
func TestOutboxKeepsTheCount(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOutbox()
		for range rapid.IntRange(0, 3).Draw(t, "before") {
			o.event(trace.Event{})
		}
		o.begin(func(seq uint64) wire.Frame { return wire.Frame{ID: 1, Result: wire.Marshal(seq)} })
		welcome, _ := o.take()
		var last uint64
		if err := wire.Unmarshal(welcome.frame.Result, &last); err != nil || !welcome.fresh {
			t.Fatalf("the first frame is %+v", welcome)
		}
		had := []uint64{last}             // the number after each event read
		sentBefore := map[uint64]uint64{} // answer -> last event before it
		id := uint64(1)
		read := func(all bool) {
			for {
				p, ok := o.take()
				if !ok {
					return
				}
				if len(p.frame.Events) > batchMax {
					t.Fatalf("%d events in a frame", len(p.frame.Events))
				}
				for _, e := range p.frame.Events {
					// What was sent too long ago to be sent again is a hole.
					if e.Seq > last+1 {
						e.Lost = max(e.Lost, e.Seq-last-1)
					}
					if e.Seq != last+e.Lost+1 {
						t.Fatalf("event %d with %d lost follows event %d", e.Seq, e.Lost, last)
					}
					last = e.Seq
					had = append(had, last)
				}
				if p.frame.ID != 0 && last > sentBefore[p.frame.ID] {
					t.Fatalf("answer %d comes after event %d, which came after it", p.frame.ID, last)
				}
				if !all {
					return
				}
			}
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 4).Draw(t, "step") {
			case 0:
				for range rapid.IntRange(1, queueMax/2).Draw(t, "events") {
					o.event(trace.Event{})
				}
			case 1:
				o.event(trace.Event{Lost: uint64(rapid.IntRange(0, 5).Draw(t, "lost"))})
			case 2:
				id++
				sentBefore[id] = o.last()
				o.frame(wire.Frame{ID: id})
			case 3:
				read(false)
			case 4:
				// A host that goes on from a checkpoint, at which it had all,
				// or all but the last that it has by now.
				had = had[:len(had)-rapid.IntRange(0, min(len(had)-1, 2*recentMax)).Draw(t, "on their way")]
				last = had[len(had)-1]
				o.resume(last, func(seq uint64) wire.Frame { return wire.Frame{ID: 1, Result: wire.Marshal(seq)} })
				var from uint64
				p, _ := o.take()
				if err := wire.Unmarshal(p.frame.Result, &from); err != nil || !p.fresh || from != last {
					t.Fatalf("after event %d the first frame is %+v", last, p)
				}
				sentBefore = map[uint64]uint64{}
			}
			if o.events > queueMax {
				t.Fatalf("%d events are kept", o.events)
			}
		}
		o.event(trace.Event{})
		read(true)
		if last != o.last() {
			t.Fatalf("the last event read is %d of %d", last, o.last())
		}
	})
}
