package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"syscall"
	"time"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// session is a session with the test driver: inject.Client.
type session interface {
	Send(...inject.Command) error
	Next() (inject.Event, error)
}

// driver has the stepper hear of the points of the kernel, and tells the test
// driver who goes on.
type driver struct {
	session session
	steps   *stepper
	stream  *stream
	// judge has the verdict on a request that has returned.
	judge   func(name string, ret int64) (kernel.Verdict, trace.State, error)
	spawn   func(func())
	version string // of the kernel, "6.12"

	mu      sync.Mutex
	hooked  map[string]bool    // points at which threads stop
	owners  map[uint64]*thread // of requests, by number
	askers  map[string]*thread // request threads, by the ID of their command
	answers chan inject.Event  // of a State command, nil when nobody asked
	asking  sync.Mutex
	serial  int
	rules   map[int]kernel.Fault // faults that the driver's rules are, by the rule's number
	// left are those of rules that were taken away, until the number is given
	// again: a rule may have struck and its event still be on its way.
	left     map[int]kernel.Fault
	lostNext uint64

	// What was allocated when that was looked at last.
	lastMu   sync.Mutex
	lastKey  string
	lastList []kernel.Allocation
}

func newDriver(s session, steps *stepper, stream *stream, spawn func(func())) *driver {
	return &driver{
		session: s, steps: steps, stream: stream, spawn: spawn, judge: judgeNothing,
		owners: map[uint64]*thread{}, askers: map[string]*thread{}, rules: map[int]kernel.Fault{}, left: map[int]kernel.Fault{},
	}
}

func judgeNothing(string, int64) (kernel.Verdict, trace.State, error) { return "", "", nil }

// read takes in the driver's events until its session ends.
func (d *driver) read() error {
	for {
		e, err := d.session.Next()
		switch {
		case errors.Is(err, inject.ErrEvent):
			d.lostNext++
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		d.hear(e)
	}
}

// hear takes in one event.
func (d *driver) hear(e inject.Event) {
	d.lostNext += e.Lost
	switch e.Kind {
	case inject.Hit:
		if e.Point == inject.Child {
			return
		}
		d.event(e, trace.Event{Point: e.Point, Module: e.Module, State: e.State, Name: e.Name})
		d.struck(e)
		if t := d.threadOf(e); t != nil && !e.Traced {
			d.steps.passes(t, e.Point, cleanText(e.Module, kernelName))
		}
	case inject.Ret:
		if e.Point == inject.Returned+pointReturned {
			d.event(e, trace.Event{Point: pointReturned, Name: e.Name, Ret: trace.Int(e.Ret)})
		}
	case inject.Req:
		d.event(e, trace.Event{Point: noteRequest, Name: e.Name})
		d.mu.Lock()
		if t := d.steps.ofTask(e.PID); t != nil {
			d.owners[e.Request] = t
			d.steps.asks(t, e.Request)
		}
		d.mu.Unlock()
	case inject.Helper:
		d.event(e, trace.Event{Point: noteHelper, Name: e.Name})
		d.mu.Lock()
		owner := d.owners[e.Request]
		d.mu.Unlock()
		if owner != nil {
			h := d.steps.addHelper(e.TGID, owner, e.Request)
			// What cannot be sent now cannot be either when the helper is moved.
			_ = d.named(h)
		}
	case inject.Stopped:
		d.stopped(e)
	case inject.Left:
		if t := d.steps.ofTask(e.PID); t != nil && e.Why != "go" {
			d.steps.leaves(t)
		}
	case inject.Thread:
		d.mu.Lock()
		t := d.askers[e.ID]
		d.mu.Unlock()
		if t != nil {
			d.steps.hello(t, e.PID, e.PID, func(int) { d.send(inject.Start{ID: e.ID}) })
		}
	case inject.Done:
		d.ended(e)
	case inject.Module, inject.Permits, inject.Modprobe, inject.Helpers, inject.Area, inject.Count, inject.End:
		d.mu.Lock()
		answers := d.answers
		d.mu.Unlock()
		if answers != nil {
			select {
			case answers <- e:
			default: // more than anybody asked for
			}
		}
	case inject.Mark:
		d.stream.mark(fromDriver, e.N)
	}
}

// event hands an event to the stream.
func (d *driver) event(e inject.Event, out trace.Event) {
	out.Time, out.Request, out.Source = e.Time, e.Request, "driver"
	out.Thread = trace.Thread{PID: e.TGID, Comm: cleanText(e.Comm, 16)}
	out.Module, out.Name = cleanText(out.Module, kernelName), cleanText(out.Name, kernel.MaxAlias)
	out.Lost, d.lostNext = d.lostNext, 0
	switch e.Do {
	case inject.DoFail:
		out.Detail = "made to fail with " + kernel.ErrnoName(syscall.Errno(e.Errno))
	case inject.DoDelay:
		out.Detail = "delayed"
	}
	d.stream.arrive(out)
}

// stopped says that a thread stands at a point of the kernel.
func (d *driver) stopped(e inject.Event) {
	t := d.threadOf(e)
	goOn := func(int) { d.send(inject.Go{PID: e.PID}) }
	if e.Point == inject.Child {
		goOn(0)
		return
	}
	if t == nil {
		if e.Rule == 0 {
			goOn(0) // followed by nobody any more
		}
		return // held by a rule: it is not one of ours, and release all lets it go
	}
	if e.Rule != 0 {
		d.steps.heldBy(t, e.Point, cleanText(e.Module, kernelName), goOn)
		return
	}
	d.steps.arrive(t, e.Point, cleanText(e.Module, kernelName), cleanText(e.Name, kernel.MaxAlias), true, goOn)
}

// threadOf returns the thread an event is of, nil when it is none of ours.
func (d *driver) threadOf(e inject.Event) *thread {
	if t := d.steps.ofTask(e.PID); t != nil {
		return t
	}
	return d.steps.ofTask(e.TGID)
}

// send tells the driver; a command that it refuses because its thread has left
// is no news.
func (d *driver) send(c ...inject.Command) error { return d.session.Send(c...) }

// stateWait is how long the driver may take to tell the state of the kernel.
const stateWait = 10 * time.Second

// state asks for the true state of the kernel.
func (d *driver) state(ctx context.Context) ([]inject.Event, error) {
	return d.ask(ctx, inject.State{})
}

// ask sends a command that is answered by events which one of the kind end
// closes, and returns those before it.
func (d *driver) ask(ctx context.Context, c inject.Command) ([]inject.Event, error) {
	d.asking.Lock()
	defer d.asking.Unlock()
	answers := make(chan inject.Event, 8192)
	d.mu.Lock()
	d.answers = answers
	d.mu.Unlock()
	defer func() {
		d.mu.Lock()
		d.answers = nil
		d.mu.Unlock()
	}()
	if err := d.send(c); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, stateWait)
	defer cancel()
	var list []inject.Event
	for {
		select {
		case e := <-answers:
			if e.Kind == inject.End {
				return list, nil
			}
			list = append(list, e)
		case <-ctx.Done():
			return nil, fmt.Errorf("the test driver did not tell the state of the kernel: %w", ctx.Err())
		}
	}
}

// follow has a process stop at the points of the kernel.
func (d *driver) follow(pid int) error { return d.send(inject.Trace{PID: pid}) }
