package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"sync"
	"time"

	"example.org/kmodsh/internal/agent/wire"
)

const (
	// callsMax bounds the operations that run at the same time.
	callsMax = 256
	// endWait is how long a new session waits for the operations of the one
	// before; a process stuck in the kernel may not end at all.
	endWait = 2 * time.Second
)

// operation carries out one wire.Op. Its result is sent also when the error is
// not nil, as far as it got; a nil result is sent as none.
type operation func(ctx context.Context, args json.RawMessage) (result any, err error)

// server holds one link: it reads questions, runs each operation in a
// goroutine of its own, and puts the answers in the outbox.
type server struct {
	conn *wire.Conn
	out  *outbox
	ops  map[wire.Op]operation
	// welcome makes the answer to a Hello, but for Seq and the nonce.
	welcome func(wire.Hello) wire.Welcome
	// powerOff takes the machine down, after its answer was written.
	powerOff func()
	// spawn runs a function in a goroutine.
	spawn func(func())
	// asked hears of each question that is opened, by 1, and answered, by -1.
	asked func(int)

	mu    sync.Mutex
	calls map[uint64]*call
	open  bool
}

// call is one operation that runs.
type call struct {
	cancel context.CancelFunc
	done   chan struct{}
	void   bool // its session is over, nobody waits for the answer
}

// serve answers questions until the link fails.
func (s *server) serve() error {
	s.calls = map[uint64]*call{}
	failed := make(chan error, 1)
	s.spawn(func() { failed <- s.out.write(s.conn) })
	for {
		f, err := s.conn.Read()
		if err != nil {
			select {
			case werr := <-failed:
				return fmt.Errorf("writing to the link: %w", werr)
			default:
			}
			return fmt.Errorf("reading from the link: %w", err)
		}
		if f.ID == 0 || f.Op == "" {
			continue // news or an answer: nothing a host sends
		}
		s.question(f)
	}
}

// question starts what a frame asks for.
func (s *server) question(f wire.Frame) {
	switch f.Op {
	case wire.OpHello:
		s.asked(1)
		s.hello(f)
		s.asked(-1)
		return
	case wire.OpCancel:
		s.cancel(f)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	op := s.ops[f.Op]
	switch {
	case !s.open:
		s.refuse(f, "no session yet; say hello first")
		return
	case f.Op == wire.OpPowerOff:
		sent := s.out.frame(wire.Frame{ID: f.ID})
		s.spawn(func() {
			<-sent
			s.powerOff()
		})
		return
	case op == nil:
		s.refuse(f, fmt.Sprintf("this guest knows no operation %.32q", f.Op))
		return
	case s.calls[f.ID] != nil:
		s.refuse(f, fmt.Sprintf("number %d is taken by an operation that still runs", f.ID))
		return
	case len(s.calls) >= callsMax:
		s.refuse(f, fmt.Sprintf("%d operations run already", callsMax))
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	c := &call{cancel: cancel, done: make(chan struct{})}
	s.calls[f.ID] = c
	s.asked(1)
	s.spawn(func() { s.run(ctx, f, c, op) })
}

// refuse answers a frame that makes no sense.
func (s *server) refuse(f wire.Frame, why string) {
	s.out.frame(wire.Frame{ID: f.ID, Error: wire.FromError(fmt.Errorf("%w: %s", wire.ErrProtocol, why))})
}

// run carries out one operation and answers, unless its session is over.
func (s *server) run(ctx context.Context, f wire.Frame, c *call, op operation) {
	defer s.asked(-1)
	defer close(c.done)
	defer c.cancel()
	result, err := guarded(ctx, op, f.Args)
	answer := wire.Frame{ID: f.ID, Error: wire.FromError(err)}
	if result != nil {
		answer.Result = wire.Marshal(result)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if !c.void {
		delete(s.calls, f.ID)
		s.out.frame(answer)
	}
}

// guarded turns a panic of one operation into its error: the first process of
// a machine must not end.
func guarded(ctx context.Context, op operation, args json.RawMessage) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			result, err = nil, fmt.Errorf("the agent panicked: %v\n%s", p, debug.Stack())
		}
	}()
	return op(ctx, args)
}

// cancel stops an operation. Cancelling what is not there is no error: it may
// have ended just now.
func (s *server) cancel(f wire.Frame) {
	var a wire.Cancel
	answer := wire.Frame{ID: f.ID, Error: wire.FromError(wire.Unmarshal(f.Args, &a))}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.calls[a.ID]; c != nil {
		c.cancel()
	}
	s.out.frame(answer)
}

// hello opens a new session. What an earlier one left running is ended, or
// kept; in both cases nobody waits for its answer.
func (s *server) hello(f wire.Frame) {
	var h wire.Hello
	if err := wire.Unmarshal(f.Args, &h); err != nil {
		s.out.frame(wire.Frame{ID: f.ID, Error: wire.FromError(err)})
		return
	}
	if h.Version != wire.Version {
		s.refuse(f, fmt.Sprintf("this guest speaks version %d, the host version %d; both must come from the same build", wire.Version, h.Version))
		return
	}
	s.mu.Lock()
	old := s.calls
	s.calls = map[uint64]*call{}
	s.open = true
	for _, c := range old {
		c.void = true
		if !h.Keep {
			c.cancel()
		}
	}
	s.mu.Unlock()
	if !h.Keep {
		awaitEnd(old)
	}
	w := s.welcome(h)
	w.Version, w.Nonce = wire.Version, h.Nonce
	welcome := func(seq uint64) wire.Frame {
		w.Seq = seq
		return wire.Frame{ID: f.ID, Result: wire.Marshal(w)}
	}
	if h.Keep {
		s.out.resume(h.Seq, welcome)
	} else {
		s.out.begin(welcome)
	}
}

// awaitEnd waits for cancelled operations to end, but not for ever.
func awaitEnd(old map[uint64]*call) {
	patience := time.NewTimer(endWait)
	defer patience.Stop()
	for _, c := range old {
		select {
		case <-c.done:
		case <-patience.C:
			patience.Reset(0) // out of patience for the others as well
		}
	}
}
