package agent

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"strings"
	"sync"
	"testing"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// host is the other end of a link to a server whose operations are made for
// the test.
type host struct {
	t    *testing.T
	conn *wire.Conn
	raw  net.Conn
	srv  *server
	down chan struct{} // closed when the server took the machine down
	id   uint64
}

func newHost(t *testing.T, ops map[wire.Op]operation) *host {
	a, b := net.Pipe()
	h := &host{t: t, conn: wire.NewConn(a), raw: a, down: make(chan struct{})}
	h.srv = &server{
		asked: func(int) {}, conn: wire.NewConn(b), out: newOutbox(), ops: ops,
		welcome:  func(wire.Hello) wire.Welcome { return wire.Welcome{Release: "6.1"} },
		powerOff: func() { close(h.down) },
		spawn:    func(f func()) { go f() },
	}
	ended := make(chan error, 1)
	go func() { ended <- h.srv.serve() }()
	t.Cleanup(func() {
		a.Close()
		if err := <-ended; err == nil {
			t.Error("serve ended without an error though the link is gone")
		}
		b.Close()
	})
	return h
}

// send asks and returns the number of the question.
func (h *host) send(op wire.Op, args any) uint64 {
	h.t.Helper()
	h.id++
	f := wire.Frame{ID: h.id, Op: op}
	if args != nil {
		f.Args = wire.Marshal(args)
	}
	if err := h.conn.Write(f); err != nil {
		h.t.Fatal(err)
	}
	return h.id
}

func (h *host) read() wire.Frame {
	h.t.Helper()
	f, err := h.conn.Read()
	if err != nil {
		h.t.Fatal(err)
	}
	return f
}

func (h *host) hello(nonce string) wire.Welcome {
	h.t.Helper()
	id := h.send(wire.OpHello, wire.Hello{Version: wire.Version, Nonce: nonce})
	f := h.read()
	var w wire.Welcome
	if f.ID != id || wire.Unmarshal(f.Result, &w) != nil || w.Nonce != nonce {
		h.t.Fatalf("hello %q is answered by %+v", nonce, f)
	}
	return w
}

func TestSession(t *testing.T) {
	h := newHost(t, map[wire.Op]operation{
		wire.OpInfo: func(context.Context, json.RawMessage) (any, error) { return kernel.Info{Release: "6.1"}, nil },
		wire.OpLoad: func(context.Context, json.RawMessage) (any, error) {
			return kernel.LoadResult{Name: "x"}, kernel.ErrNotFound
		},
		wire.OpModules: func(context.Context, json.RawMessage) (any, error) { panic("oops") },
	})
	if id, f := h.send(wire.OpInfo, nil), h.read(); f.ID != id || !errors.Is(f.Error.Err("g"), wire.ErrProtocol) {
		t.Errorf("a question before hello is answered by %+v", f)
	}
	id := h.send(wire.OpHello, wire.Hello{Version: wire.Version + 1})
	if f := h.read(); f.ID != id || f.Error == nil || !strings.Contains(f.Error.Text, "version") {
		t.Errorf("another version is answered by %+v", f)
	}
	h.srv.out.event(trace.Event{Point: "R6"}) // before the session: numbered, not sent
	if w := h.hello("a"); w.Seq != 1 || w.Version != wire.Version || w.Release != "6.1" {
		t.Errorf("welcome %+v", w)
	}
	h.srv.out.event(trace.Event{Point: "L16"})
	if f := h.read(); f.ID != 0 || len(f.Events) != 1 || f.Events[0].Seq != 2 || f.Events[0].Point != "L16" {
		t.Errorf("event arrives as %+v", f)
	}
	if id, f := h.send(wire.OpInfo, nil), h.read(); f.ID != id || f.Error != nil || !strings.Contains(string(f.Result), "6.1") {
		t.Errorf("info is answered by %+v", f)
	}
	if f, _ := h.send(wire.OpLoad, nil), 0; f == 0 {
		t.Fatal("no number")
	}
	if f := h.read(); f.Result == nil || !errors.Is(f.Error.Err("g"), kernel.ErrNotFound) {
		t.Errorf("a result with an error arrives as %+v", f)
	}
	h.send(wire.OpModules, nil)
	if f := h.read(); f.Error == nil || !strings.Contains(f.Error.Text, "oops") {
		t.Errorf("a panic is answered by %+v", f)
	}
	h.send("dance", nil)
	if f := h.read(); !errors.Is(f.Error.Err("g"), wire.ErrProtocol) {
		t.Errorf("an unknown operation is answered by %+v", f)
	}
	if _, err := h.raw.Write([]byte("half a fra\n{\"id\":77,\"op\":\"info\"}\n")); err != nil {
		t.Fatal(err)
	}
	if f := h.read(); f.ID != 77 || f.Error != nil {
		t.Errorf("the frame behind half a frame is answered by %+v", f)
	}
	id = h.send(wire.OpPowerOff, nil)
	if f := h.read(); f.ID != id || f.Error != nil {
		t.Errorf("power off is answered by %+v", f)
	}
	<-h.down
}

func TestCancel(t *testing.T) {
	started := make(chan struct{})
	h := newHost(t, map[wire.Op]operation{
		wire.OpLoad: func(ctx context.Context, _ json.RawMessage) (any, error) {
			close(started)
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	h.hello("a")
	load := h.send(wire.OpLoad, nil)
	<-started
	again := wire.Frame{ID: load, Op: wire.OpLoad}
	if err := h.conn.Write(again); err != nil {
		t.Fatal(err)
	}
	if f := h.read(); f.ID != load || !errors.Is(f.Error.Err("g"), wire.ErrProtocol) {
		t.Errorf("a number used twice is answered by %+v", f)
	}
	h.send(wire.OpCancel, wire.Cancel{ID: 999})
	if f := h.read(); f.Error != nil {
		t.Errorf("cancelling nothing is answered by %+v", f)
	}
	cancel := h.send(wire.OpCancel, wire.Cancel{ID: load})
	for range 2 {
		switch f := h.read(); f.ID {
		case load:
			if !errors.Is(f.Error.Err("g"), context.Canceled) {
				t.Errorf("a cancelled load is answered by %+v", f)
			}
		case cancel:
			if f.Error != nil {
				t.Errorf("cancel is answered by %+v", f)
			}
		}
	}
}

// TestHelloEndsTheSessionBefore checks that a new session finds nothing of an
// earlier one: neither operations, nor their answers, nor events.
func TestHelloEndsTheSessionBefore(t *testing.T) {
	var mu sync.Mutex
	ended := 0
	started := make(chan struct{}, 8)
	h := newHost(t, map[wire.Op]operation{
		wire.OpLoad: func(ctx context.Context, _ json.RawMessage) (any, error) {
			started <- struct{}{}
			<-ctx.Done()
			mu.Lock()
			ended++
			mu.Unlock()
			return kernel.LoadResult{}, ctx.Err()
		},
		wire.OpSync: func(context.Context, json.RawMessage) (any, error) { return wire.Synced{}, nil },
	})
	h.hello("a")
	for range 5 {
		h.send(wire.OpLoad, nil)
		<-started
	}
	if w := h.hello("b"); w.Seq != 0 {
		t.Errorf("welcome %+v", w)
	}
	mu.Lock()
	if ended != 5 {
		t.Errorf("%d of 5 operations had ended when the new session began", ended)
	}
	mu.Unlock()
	id := h.send(wire.OpSync, nil)
	if f := h.read(); f.ID != id {
		t.Errorf("the first frame of the new session is %+v", f)
	}
}

// TestHelloKeeps checks that a session which goes on from a checkpoint ends
// nothing, hears no answer that was meant for the one before, and gets the
// events that were on their way.
func TestHelloKeeps(t *testing.T) {
	started, release := make(chan context.Context, 1), make(chan struct{})
	h := newHost(t, map[wire.Op]operation{
		wire.OpLoad: func(ctx context.Context, _ json.RawMessage) (any, error) {
			started <- ctx
			<-release
			return kernel.LoadResult{}, ctx.Err()
		},
		wire.OpSync: func(context.Context, json.RawMessage) (any, error) { return wire.Synced{}, nil },
	})
	h.hello("a")
	load := h.send(wire.OpLoad, nil)
	ctx := <-started
	for range 3 {
		h.srv.out.event(trace.Event{Module: "x"})
	}
	for n := 0; n < 3; {
		n += len(h.read().Events)
	}
	id := h.send(wire.OpHello, wire.Hello{Version: wire.Version, Nonce: "b", Keep: true, Seq: 1})
	f := h.read()
	var w wire.Welcome
	if f.ID != id || wire.Unmarshal(f.Result, &w) != nil || w.Nonce != "b" || w.Seq != 1 {
		t.Fatalf("answered by %+v", f)
	}
	if f := h.read(); len(f.Events) != 2 || f.Events[0].Seq != 2 || f.Events[1].Seq != 3 {
		t.Errorf("sent again: %+v", f)
	}
	if ctx.Err() != nil {
		t.Error("what ran was ended")
	}
	close(release)
	id = h.send(wire.OpSync, nil)
	if f := h.read(); f.ID != id || f.ID == load {
		t.Errorf("after it comes %+v", f)
	}
}
