package lab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"time"

	"example.org/kmodsh/internal/agent/wire"
)

// greet opens a session and returns the guest's Welcome. With now false the
// guest is still starting: it is greeted once it says something, since a
// serial port that nobody has opened yet swallows the first bytes. For the same
// reason it is greeted after first, again after again, and then at twice the
// interval each time, which any guest is in time for at last: only the newest greeting
// counts, as a later one ends the session that an earlier one opened. hello
// says what kind of session it is; the rest of it is filled in here.
func (c *client) greet(ctx context.Context, target string, hello wire.Hello, now bool, first, again time.Duration) (wire.Welcome, error) {
	hello.Version, hello.Nonce = wire.Version, rand.Text()
	c.mu.Lock()
	c.nonce = hello.Nonce
	c.mu.Unlock()
	tick := time.NewTimer(first)
	defer tick.Stop()
	var forgets []func()
	defer func() {
		for _, f := range forgets {
			f()
		}
	}()
	var replies []chan wire.Frame
	send := func() error {
		hello.Now = time.Now().UnixNano()
		_, reply, forget, err := c.ask(wire.OpHello, hello)
		if err != nil {
			return err
		}
		forgets, replies = append(forgets, forget), append(replies, reply)
		return nil
	}
	if now {
		if err := send(); err != nil {
			return wire.Welcome{}, err
		}
	}
	// A greeting from before the first sign of life was lost, at least in part.
	alive := c.alive
	if now {
		alive = nil
	}
	for {
		var newest chan wire.Frame
		if n := len(replies); n > 0 {
			newest = replies[n-1]
		}
		select {
		case <-ctx.Done():
			return wire.Welcome{}, ctx.Err()
		case <-alive:
			alive = nil
			if err := send(); err != nil {
				return wire.Welcome{}, err
			}
		case <-tick.C:
			tick.Reset(again)
			again *= 2
			if err := send(); err != nil {
				return wire.Welcome{}, err
			}
		case f, ok := <-newest:
			var w json.RawMessage
			if err := c.take(f, ok, target, wire.OpHello, &w); err != nil {
				return wire.Welcome{}, err
			}
			var welcome wire.Welcome
			if err := wire.Unmarshal(w, &welcome); err != nil {
				return wire.Welcome{}, fmt.Errorf("%s: the guest's greeting: %w", target, err)
			}
			if welcome.Version != wire.Version {
				return wire.Welcome{}, fmt.Errorf("%s: the guest speaks version %d, this is version %d: %w", target, welcome.Version, wire.Version, wire.ErrProtocol)
			}
			return welcome, nil
		}
	}
}
