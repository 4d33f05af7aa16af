package lab

import (
	"context"
	"fmt"
	mathrand "math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/trace"
)

// client is the host's end of the talk with an agent: it gives each question
// an ID, hands the answer to whoever waits for it, and puts the guest's events
// into a log. Nothing that a guest sends can make it wait or grow.
type client struct {
	conn net.Conn
	wire *wire.Conn
	// alive has an element when bytes have come since it was last emptied.
	alive chan struct{}
	bytes atomic.Uint64 // that have come

	mu      sync.Mutex
	next    uint64
	pending map[uint64]chan wire.Frame
	hello   uint64 // ID of the newest hello, 0 when the session is open
	nonce   string
	expect  uint64 // number of the next event
	open    bool
	log     *trace.Log    // where events go, nil while they are kept back
	early   []trace.Event // kept back
	err     error         // why the talk is over
}

// newClient begins to read from conn. Without a log events are kept back until
// show gives one.
func newClient(conn net.Conn, log *trace.Log) *client {
	// Numbers that no earlier session's answers in the guest's line have.
	c := &client{conn: conn, log: log, next: uint64(mathrand.Uint32()) << 16, alive: make(chan struct{}, 1), pending: map[uint64]chan wire.Frame{}}
	c.wire = wire.NewConn(countedConn{conn, c})
	go c.read()
	return c
}

// read hands out frames until the connection ends. Who says why it ended is
// the machine, which knows more.
func (c *client) read() {
	for {
		f, err := c.wire.Read()
		if err != nil {
			return
		}
		if f.ID == 0 {
			c.events(f.Events)
			continue
		}
		c.answer(f)
	}
}

// answer gives a frame to whoever asked.
func (c *client) answer(f wire.Frame) {
	c.mu.Lock()
	defer c.mu.Unlock()
	reply := c.pending[f.ID]
	if reply == nil {
		return // cancelled, or of a session before this one
	}
	if c.hello == f.ID && f.Error == nil {
		var w wire.Welcome
		if wire.Unmarshal(f.Result, &w) != nil || w.Nonce != c.nonce {
			return
		}
		// Events that follow belong to this session.
		c.hello, c.open, c.expect = 0, true, w.Seq+1
	} else if !c.open && f.Error == nil {
		return // an answer to an earlier session's question
	}
	delete(c.pending, f.ID)
	reply <- f
}

// events puts a guest's news into the log. A hole in the numbers is a loss.
func (c *client) events(list []trace.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.open || c.err != nil {
		return
	}
	for _, e := range list {
		if e.Seq > c.expect {
			e.Lost = max(e.Lost, e.Seq-c.expect)
		}
		c.expect = e.Seq + 1
		switch {
		case c.log != nil:
			c.log.Append(e)
		case len(c.early) < eventsKept:
			c.early = append(c.early, e)
		default:
			c.early[len(c.early)-1].Lost++
		}
	}
}

// show gives the events that were kept back, and those to come, to a log.
func (c *client) show(log *trace.Log) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, e := range c.early {
		log.Append(e)
	}
	c.log, c.early = log, nil
}

// mark returns the number that the guest gave the last event, and the one that
// it has in the log.
func (c *client) mark() (theirs, ours uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.expect - 1, c.log.Last()
}

// ask sends a question; the answer comes over the channel. forget must be
// called when nobody waits for it any more.
func (c *client) ask(op wire.Op, args any) (id uint64, reply chan wire.Frame, forget func(), err error) {
	f := wire.Frame{Op: op}
	if args != nil {
		f.Args = wire.Marshal(args)
	}
	reply = make(chan wire.Frame, 1)
	c.mu.Lock()
	if c.err != nil {
		c.mu.Unlock()
		return 0, nil, nil, c.err
	}
	c.next++
	id = c.next
	f.ID = id
	c.pending[id] = reply
	if op == wire.OpHello {
		c.hello, c.open = id, false
	}
	c.mu.Unlock()
	forget = func() {
		c.mu.Lock()
		delete(c.pending, id)
		c.mu.Unlock()
	}
	send := c.wire.Write
	if op == wire.OpHello {
		send = c.wire.WriteFresh
	}
	// A guest that does not read makes this wait, and only this.
	go func() {
		if err := send(f); err != nil {
			c.answer(wire.Frame{ID: id, Error: wire.FromError(err)})
		}
	}()
	return id, reply, forget, nil
}

// cancelWait is how long a cancelled operation may take to say how far it got.
const cancelWait = time.Second

// call asks and waits. The answer is decoded into result, unless that is nil,
// also when it comes with an error: as far as it got. target names the guest
// in errors. When ctx ends the guest is told to stop.
func (c *client) call(ctx context.Context, target string, op wire.Op, args, result any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, reply, forget, err := c.ask(op, args)
	if err != nil {
		return err
	}
	defer forget()
	select {
	case f, ok := <-reply:
		return c.take(f, ok, target, op, result)
	case <-ctx.Done():
	}
	if _, _, drop, err := c.ask(wire.OpCancel, wire.Cancel{ID: id}); err == nil {
		defer drop()
	}
	t := time.NewTimer(cancelWait)
	defer t.Stop()
	select {
	case f, ok := <-reply:
		if err := c.take(f, ok, target, op, result); err != nil && !ok {
			return err
		}
	case <-t.C:
	}
	return ctx.Err()
}

// take decodes an answer.
func (c *client) take(f wire.Frame, ok bool, target string, op wire.Op, result any) error {
	if !ok {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.err
	}
	if result != nil && len(f.Result) > 0 {
		if err := wire.Unmarshal(f.Result, result); err != nil {
			return fmt.Errorf("%s: the guest's answer to %s: %w", target, op, err)
		}
	}
	return f.Error.Err(target)
}

// waiting returns how many questions are not answered.
func (c *client) waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// fail ends the talk: whoever waits gets err, and so does who asks later. It
// returns the log, into which nothing goes any more.
func (c *client) fail(err error) *trace.Log {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return c.log
	}
	c.err = err
	for _, reply := range c.pending {
		close(reply)
	}
	c.pending = map[uint64]chan wire.Frame{}
	c.conn.Close()
	return c.log
}
