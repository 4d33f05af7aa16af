package agent

import (
	"sync"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/trace"
)

const (
	// batchMax is the most events in one frame.
	batchMax = 64
	// queueMax is the most events that wait for a slow link. Older ones are
	// dropped and counted, so that nobody who makes events ever waits.
	queueMax = 16384
	// queueDrop is how many are dropped at a time, which keeps the cost of
	// dropping low.
	queueDrop = 1024
	// recentMax is the most events kept after they were sent, for a host that
	// goes on from a checkpoint. On their way at the moment of one are those
	// of a few frames, unless there is a flood.
	recentMax = 4096
)

// outbox is the queue of everything that leaves over the link, in order, and
// the one place where events get their numbers. Whoever fills it never waits;
// one goroutine writes it out.
type outbox struct {
	mu     sync.Mutex
	queue  []parcel
	events int           // events in queue
	seq    uint64        // number of the last event
	lost   uint64        // dropped right before the oldest event in the queue
	open   bool          // a session has begun; before it, events are numbered and forgotten
	recent []trace.Event // the last events sent, a ring once it is full
	oldest int           // where in recent the oldest is
	wake   chan struct{}
}

// parcel is one event, or one frame that is not events.
type parcel struct {
	event trace.Event
	frame *wire.Frame
	fresh bool          // to be written by WriteFresh
	sent  chan struct{} // closed once the frame was written, may be nil
}

func newOutbox() *outbox { return &outbox{wake: make(chan struct{}, 1)} }

// event numbers e and queues it; it returns the number. Events that were lost
// before e have taken numbers too, so that a hole shows every loss.
func (o *outbox) event(e trace.Event) uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.seq += e.Lost + 1
	e.Seq = o.seq
	if !o.open {
		return e.Seq
	}
	if o.events >= queueMax {
		o.drop()
	}
	if o.events == 0 {
		e.Lost += o.lost
		o.lost = 0
	}
	o.queue = append(o.queue, parcel{event: e})
	o.events++
	o.notify()
	return e.Seq
}

// drop removes the oldest events and adds their number to the next one's Lost.
func (o *outbox) drop() {
	kept := o.queue[:0]
	dropped := 0
	for _, p := range o.queue {
		switch {
		case p.frame != nil:
		case dropped < queueDrop:
			dropped++
			o.lost += p.event.Lost + 1
			continue
		case o.lost > 0:
			p.event.Lost += o.lost
			o.lost = 0
		}
		kept = append(kept, p)
	}
	clear(o.queue[len(kept):])
	o.queue = kept
	o.events -= dropped
}

// frame queues an answer. The channel is closed once it was written.
func (o *outbox) frame(f wire.Frame) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	sent := make(chan struct{})
	o.queue = append(o.queue, parcel{frame: &f, sent: sent})
	o.notify()
	return sent
}

// begin opens a session: what was queued for an earlier one is void, and the
// frame that welcome makes of the last event's number goes first.
func (o *outbox) begin(welcome func(seq uint64) wire.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open, o.lost, o.events = true, 0, 0
	o.recent, o.oldest = nil, 0
	f := welcome(o.seq)
	o.queue = []parcel{{frame: &f, fresh: true}}
	o.notify()
}

// resume opens a session that goes on where an earlier one was: after the event
// with number seq. Answers to the earlier one are void; its events are sent
// again, as far as they are still there.
func (o *outbox) resume(seq uint64, welcome func(seq uint64) wire.Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var again []trace.Event
	for i := range o.recent {
		if e := o.recent[(o.oldest+i)%len(o.recent)]; e.Seq > seq {
			again = append(again, e)
		}
	}
	for _, p := range o.queue {
		if p.frame == nil && p.event.Seq > seq {
			again = append(again, p.event)
		}
	}
	o.open = true
	o.recent, o.oldest = nil, 0
	f := welcome(min(seq, o.seq))
	o.queue = []parcel{{frame: &f, fresh: true}}
	for _, e := range again {
		o.queue = append(o.queue, parcel{event: e})
	}
	o.events = len(again)
	// What is sent again and what was waiting are more than may wait.
	for o.events > queueMax {
		o.drop()
	}
	o.notify()
}

// remember keeps an event that is sent.
func (o *outbox) remember(e trace.Event) {
	if len(o.recent) < recentMax {
		o.recent = append(o.recent, e)
		return
	}
	o.recent[o.oldest] = e
	o.oldest = (o.oldest + 1) % recentMax
}

// last returns the number of the last event.
func (o *outbox) last() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.seq
}

func (o *outbox) notify() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// take removes the next frame from the queue: an answer, or the events up to
// the next answer, batchMax at most. While the writer is busy with one frame
// the next batch grows, so a slow link gets large frames and a fast one small.
func (o *outbox) take() (p parcel, ok bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.queue) == 0 {
		return parcel{}, false
	}
	if p := o.queue[0]; p.frame != nil {
		o.cut(1)
		return p, true
	}
	n := 0
	for n < len(o.queue) && n < batchMax && o.queue[n].frame == nil {
		n++
	}
	batch := make([]trace.Event, n)
	for i := range batch {
		batch[i] = o.queue[i].event
		o.remember(batch[i])
	}
	o.cut(n)
	o.events -= n
	return parcel{frame: &wire.Frame{Events: batch}}, true
}

// cut removes the first n parcels and lets go of their memory.
func (o *outbox) cut(n int) {
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	if len(o.queue) == 0 {
		o.queue = nil
	}
}

// write sends frames until the link fails.
func (o *outbox) write(conn *wire.Conn) error {
	for {
		p, ok := o.take()
		if !ok {
			<-o.wake
			continue
		}
		send := conn.Write
		if p.fresh {
			send = conn.WriteFresh
		}
		if err := send(*p.frame); err != nil {
			return err
		}
		if p.sent != nil {
			close(p.sent)
		}
	}
}
