package agent

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// fakeSession is a driver made for a test: it writes down what it is told, and
// says what the test has it say.
type fakeSession struct {
	told   chan string
	events chan inject.Event
}

func (f *fakeSession) Send(commands ...inject.Command) error {
	for _, c := range commands {
		line, err := inject.Line(c)
		if err != nil {
			return err
		}
		f.told <- strings.TrimSuffix(line, "\n")
	}
	return nil
}

func (f *fakeSession) Next() (inject.Event, error) {
	e, ok := <-f.events
	if !ok {
		return e, io.EOF
	}
	return e, nil
}

// next is what the driver was told next.
func (f *fakeSession) next(t *testing.T, want string) {
	t.Helper()
	select {
	case got := <-f.told:
		if got != want {
			t.Errorf("the driver is told %q, want %q", got, want)
		}
	case <-time.After(10 * time.Second):
		t.Errorf("the driver is not told %q", want)
	}
}

func newFakeDriver(t *testing.T) (*fakeSession, *driver, *scene) {
	c := newScene(t)
	f := &fakeSession{told: make(chan string, 64), events: make(chan inject.Event)}
	s := newStream(newOutbox(), nil, nil, nil)
	d := newDriver(f, c.s, s, func(fn func()) { go fn() })
	c.s.ties = d
	ended := make(chan error, 1)
	go func() { ended <- d.read() }()
	t.Cleanup(func() {
		close(f.events)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return f, d, c
}

// TestDriverRequest follows a request from the barrier of its thread to its
// verdict, with its helper.
func TestDriverRequest(t *testing.T) {
	f, d, c := newFakeDriver(t)
	d.judge = func(name string, ret int64) (kernel.Verdict, trace.State, error) {
		if name != "fs-minix" || ret != -2 {
			t.Errorf("judged: %s, %d", name, ret)
		}
		return kernel.Lost, trace.Absent, nil
	}
	b := &thread{id: "B", task: &kernel.Task{Verb: "getfs", Name: "minix"}, kernel: true}
	if err := c.s.add(b); err != nil {
		t.Fatal(err)
	}
	c.sees(30, sight{state: 'S', stack: []string{"asker_main", "kthread"}})
	go func() {
		f.next(t, "request t1 fs name=minix traced=1") // a thread is there after it was asked for
		f.events <- inject.Event{Kind: inject.Thread, ID: "t1", PID: 30, TGID: 30}
	}()
	if err := d.begin(t.Context(), b); err != nil {
		t.Fatal(err)
	}
	c.stands("B", "ready", "", "")

	step := func(id string, hear func()) {
		t.Helper()
		done := make(chan struct{})
		go func() {
			defer close(done)
			c.step(id, "")
		}()
		hear()
		<-done
	}
	step("B", func() {
		f.next(t, "start t1")
		f.events <- inject.Event{Kind: inject.Req, PID: 30, TGID: 30, Request: 7, Name: "fs-minix", Time: 1}
		f.events <- inject.Event{Kind: inject.Stopped, PID: 30, TGID: 30, Point: "R4", Name: "fs-minix", Traced: true}
	})
	c.stands("B", "ready", "R4", "")
	// The step is over once the helper stands as well.
	step("B", func() {
		f.next(t, "go 30")
		c.sees(30, sleepsIn("call_usermodehelper_exec", "__request_module"))
		c.sees(31, runs)
		f.events <- inject.Event{Kind: inject.Helper, PID: 31, TGID: 31, Request: 7}
		f.events <- inject.Event{Kind: inject.Stopped, PID: 31, TGID: 31, Point: inject.Child, Traced: true}
		f.next(t, "go 31") // no point: nobody stops there
		c.s.hello(c.s.ofTask(31), 31, 32, func(int) {
			go c.s.arrive(c.s.ofTask(31), "H0", "", "", false, func(int) { f.told <- "the helper goes on" })
		})
	})
	c.stands("B", "blocked", "R4", "the helper helper-1")
	c.stands("helper-1", "ready", "H0", "")
	step("helper-1", func() {
		f.next(t, "the helper goes on")
		c.s.left(c.s.ofTask(31)) // killed
		c.sees(30, runs)
		f.events <- inject.Event{Kind: inject.Done, ID: "t1", PID: 30, Ret: -2, Time: 5000, Took: 1000}
	})
	got := c.s.since(0).Threads
	if b := got[0]; !b.Done || b.Result != -19 || b.Verdict != kernel.Lost || b.Began != 4000 || b.Ended != 5000 {
		t.Errorf("the requester: %+v", b)
	}
	if h := got[1]; h.Parent != "B" || h.Request != 7 || !h.Killed || h.Result != killedStatus {
		t.Errorf("the helper: %+v", h)
	}
}

// Holds are the stepper's for who stops, and the driver's for who does not;
// failing is always the driver's.
func TestDriverFaults(t *testing.T) {
	f, d, c := newFakeDriver(t)
	a := c.spawn("A", 10)
	add := func(fault kernel.Fault) {
		t.Helper()
		if err := d.fault(fault, false); err != nil {
			t.Fatal(err)
		}
		c.s.mu.Lock()
		c.s.faults.add(fault)
		c.s.mu.Unlock()
	}
	add(kernel.Fault{Number: 1, Point: "W4", Module: "minix", Hold: true})
	add(kernel.Fault{Number: 2, Point: "L14", Thread: "A", Hit: 2, Fail: 12})
	f.next(t, "rule 1 point=L14 pid=10 hit=2 do=fail errno=12")
	// A stops at points: the stepper holds it.
	d.hear(inject.Event{Kind: inject.Stopped, PID: 10, TGID: 10, Point: "W4", Module: "minix", Traced: true})
	c.stands("A", "held", "W4", "")
	if err := c.s.release("A"); err != nil {
		t.Fatal(err)
	}
	// It goes on freely: the rules of holds come, and go afterwards.
	done := make(chan error, 1)
	go func() {
		_, err := c.s.step(context.Background(), "A", true)
		done <- err
	}()
	f.next(t, "rule 2 point=W4 module=minix do=hold")
	f.next(t, "untrace 10") // which lets it go: told to go once more, it would leave its next hold
	d.hear(inject.Event{Kind: inject.Hit, PID: 10, TGID: 10, Point: "L14", Rule: 1, Do: inject.DoFail, Errno: 12})
	d.hear(inject.Event{Kind: inject.Stopped, PID: 10, TGID: 10, Point: "W4", Module: "minix", Rule: 2})
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	f.next(t, "unrule 2")
	f.next(t, "trace 10")
	c.stands("A", "held", "W4", "")
	// The rule has struck once more, which is heard when it is gone.
	d.hear(inject.Event{Kind: inject.Hit, PID: 10, TGID: 10, Point: "W4", Rule: 2, Do: inject.DoHold})
	hits := []int{c.s.faults.list[0].Hits, c.s.faults.list[1].Hits}
	if !slices.Equal(hits, []int{2, 1}) {
		t.Errorf("the faults were met %v times", hits)
	}
	d.hear(inject.Event{Kind: inject.Left, PID: 10, TGID: 10, Why: "deadline"})
	if c.s.mu.Lock(); a.stand != standRunning {
		t.Errorf("a hold whose deadline is over: %v", a.stand)
	}
	c.s.mu.Unlock()
	d.unfault(func(f kernel.Fault) bool { return f.Number == 2 })
	f.next(t, "unrule 1")
}

// The answer to a question for the state is what comes up to its end.
func TestDriverState(t *testing.T) {
	f, d, _ := newFakeDriver(t)
	go func() {
		f.next(t, "state")
		for _, e := range []inject.Event{{Kind: inject.Module, Module: "minix", State: trace.Unformed}, {Kind: inject.Permits, Used: 2, Limit: 50}, {Kind: inject.End}} {
			f.events <- e
		}
	}()
	list, err := d.state(t.Context())
	if err != nil || len(list) != 2 || list[0].State != trace.Unformed || list[1].Limit != 50 {
		t.Errorf("state: %+v, %v", list, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.state(ctx); err == nil {
		t.Error("nobody answers, and that is no error")
	}
}
