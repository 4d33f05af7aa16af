package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.org/kmodsh/internal/inject"
)

// patience is how long an event may take to come; it is not what passes.
const patience = 60 * time.Second

// guest is one session with the driver.
type guest struct {
	*inject.Client
	seen   []inject.Event
	seq    uint64
	closed bool
}

func newGuest() (*guest, error) {
	c, err := inject.Open()
	if err != nil {
		return nil, err
	}
	return &guest{Client: c}, nil
}

// end closes the session and asks whether the kernel is still well.
func (g *guest) end() error {
	if !g.closed {
		if err := g.Close(); err != nil {
			return err
		}
	}
	if t := taint(); t&(1<<7|1<<9) != 0 { // TAINT_DIE, TAINT_WARN
		return fmt.Errorf("the kernel is tainted: %#x", t)
	}
	return nil
}

func taint() (t int) {
	b, _ := os.ReadFile("/proc/sys/kernel/tainted")
	fmt.Sscan(string(b), &t)
	return t
}

// next returns the next event, and checks that the stream has no hole.
func (g *guest) next() (inject.Event, error) {
	g.SetReadDeadline(time.Now().Add(patience))
	e, err := g.Next()
	if err != nil {
		return e, fmt.Errorf("%w; after %s", err, g.tail())
	}
	if e.Seq != g.seq+1+e.Lost {
		return e, fmt.Errorf("event %d after %d, lost %d", e.Seq, g.seq, e.Lost)
	}
	g.seq = e.Seq
	g.seen = append(g.seen, e)
	return e, nil
}

// tail shows the last events.
func (g *guest) tail() string {
	var b strings.Builder
	for _, e := range g.seen[max(0, len(g.seen)-12):] {
		fmt.Fprintf(&b, "[%d %s %s pid=%d %s name=%s do=%s why=%s ret=%d] ", e.Seq, e.Kind, e.Point, e.PID, e.Module, e.Name, e.Do, e.Why, e.Ret)
	}
	return b.String()
}

// until reads events up to the first that matches.
func (g *guest) until(what string, match func(inject.Event) bool) (inject.Event, error) {
	for {
		e, err := g.next()
		if err != nil {
			return e, fmt.Errorf("waiting for %s: %w", what, err)
		}
		if match(e) {
			return e, nil
		}
	}
}

// stop waits until somebody stands at the point.
func (g *guest) stop(point string) (inject.Event, error) {
	return g.until("a stop at "+point, func(e inject.Event) bool { return e.Kind == inject.Stopped && e.Point == point })
}

// sync reads all events up to now.
func (g *guest) sync() error {
	mark := g.seq + 1_000_000
	if err := g.Send(inject.Sync{N: mark}); err != nil {
		return err
	}
	_, err := g.until("a mark", func(e inject.Event) bool { return e.Kind == inject.Mark && e.N == mark })
	return err
}

// state asks the driver for the state of a module.
func (g *guest) state(module string) (inject.Event, bool, error) {
	if err := g.Send(inject.State{}); err != nil {
		return inject.Event{}, false, err
	}
	var found inject.Event
	var ok bool
	_, err := g.until("the state", func(e inject.Event) bool {
		if e.Kind == inject.Module && e.Module == module {
			found, ok = e, true
		}
		return e.Kind == inject.End
	})
	return found, ok, err
}

// want turns a list of claims that do not hold into an error.
func want(claims ...any) error {
	var errs []error
	for i := 0; i+1 < len(claims); i += 2 {
		if !claims[i].(bool) {
			errs = append(errs, errors.New(fmt.Sprint("not so: ", claims[i+1])))
		}
	}
	return errors.Join(errs...)
}
