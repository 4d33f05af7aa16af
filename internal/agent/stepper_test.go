package agent

import (
	"strings"
	"sync"
	"testing"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// scene is a machine made for a test: its threads go from point to point of a
// script when they are let go, and sleep where they are said to.
type scene struct {
	t    *testing.T
	s    *stepper
	mu   sync.Mutex
	at   map[int]sight // by process
	time int64
}

func newScene(t *testing.T) *scene {
	c := &scene{t: t, at: map[int]sight{}}
	c.s = newStepper(func(pid, tid int) sight {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.at[pid]
	}, func() int64 {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.time += int64(10 * time.Microsecond)
		return c.time
	})
	return c
}

func (c *scene) sees(pid int, s sight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at[pid] = s
}

var runs = sight{state: 'R'}

func sleepsIn(functions ...string) sight { return sight{state: 'S', stack: functions} }

// spawn makes a thread that comes to the points of a script one after the other
// and then ends. A "!" before one has the thread sleep there, in load_module,
// until the test wakes it.
func (c *scene) spawn(id string, pid int, script ...string) *thread {
	t := &thread{id: id, pid: pid, tid: pid, task: &kernel.Task{Verb: "load", Name: "minix"}}
	if err := c.s.add(t); err != nil {
		c.t.Fatal(err)
	}
	c.sees(pid, runs)
	var goOn func(int)
	goOn = func(int) {
		if len(script) == 0 {
			go c.s.end(t, nil)
			return
		}
		next := script[0]
		script = script[1:]
		if next == "sleep" {
			c.sees(pid, sleepsIn("load_module", "__do_sys_finit_module"))
			return
		}
		go c.s.arrive(t, next, "minix", "", false, goOn)
	}
	c.s.hello(t, pid, pid, goOn)
	return t
}

// wake has a sleeping thread come to a point.
func (c *scene) wake(t *thread, point string) {
	c.sees(t.pid, runs)
	go c.s.arrive(t, point, "minix", "", false, func(int) { go c.s.end(t, nil) })
}

func (c *scene) step(id, wantStuck string) {
	c.t.Helper()
	stuck, err := c.s.step(c.t.Context(), id, false)
	if err != nil || stuck != wantStuck {
		c.t.Fatalf("step %s: stuck %q, %v; want stuck %q", id, stuck, err, wantStuck)
	}
}

func (c *scene) stands(id, status, at, waits string) {
	c.t.Helper()
	for _, t := range c.s.since(0).Threads {
		if t.ID == id {
			if t.Status != status || t.At != at || t.Waits != waits {
				c.t.Fatalf("%s is %s at %q, waits for %q; want %s at %q, waits for %q", id, t.Status, t.At, t.Waits, status, at, waits)
			}
			return
		}
	}
	c.t.Fatalf("no thread %s", id)
}

func TestStepperPoints(t *testing.T) {
	c := newScene(t)
	c.spawn("A", 10, "H0", "H1")
	c.spawn("B", 11, "H0")
	c.stands("A", "ready", "", "")
	c.step("A", "")
	c.stands("A", "ready", "H0", "")
	c.stands("B", "ready", "", "")
	c.step("A", "")
	c.step("A", "")
	c.stands("A", "done", "H1", "")
	c.step("A", "has ended")
	c.stands("B", "ready", "", "")
	if _, err := c.s.step(t.Context(), "C", false); err == nil || !strings.Contains(err.Error(), `no thread "C"`) {
		t.Errorf("a step of nobody: %v", err)
	}
	if err := c.s.add(&thread{id: "A"}); err == nil {
		t.Error("a second thread A")
	}
}

func TestStepperWaits(t *testing.T) {
	// The load that is waited for may be in its init function, which requests
	// another module.
	for _, at := range []string{"L17", "R8"} {
		t.Run(at, func(t *testing.T) { waitsForALoad(t, at) })
	}
}

func waitsForALoad(t *testing.T, at string) {
	c := newScene(t)
	a := c.spawn("A", 10, "H0", "sleep")
	c.spawn("C", 12, at)
	c.step("C", "")
	c.step("A", "")
	c.step("A", "")
	c.s.mu.Lock()
	c.s.set(c.s.byID["C"], standHeld)
	c.s.mu.Unlock()
	c.stands("A", "blocked", "H0", "the other minix to finish loading")
	c.step("A", "waits for the other minix to finish loading")
	if err := c.s.await(t.Context(), 0); err != nil { // no time ends it
		t.Fatal(err)
	}
	// It is woken by what another thread does, and waited for.
	b := c.spawn("B", 11)
	c.s.mu.Lock()
	b.goOn = func(int) {
		c.wake(a, "H4")
		go c.s.end(b, nil)
	}
	c.s.mu.Unlock()
	c.step("B", "")
	c.stands("B", "done", "", "")
	c.stands("A", "ready", "H4", "")
}

func TestStepperHelper(t *testing.T) {
	c := newScene(t)
	a := c.spawn("A", 10, "R8")
	c.step("A", "")
	c.s.mu.Lock()
	a.goOn = func(int) { c.sees(10, sleepsIn("call_usermodehelper_exec", "__request_module")) }
	c.s.mu.Unlock()
	// The step is not over before the helper stands, too.
	c.sees(20, runs)
	go func() {
		for c.s.requester() == nil {
			time.Sleep(time.Millisecond)
		}
		h := c.s.addHelper(20, a, 1)
		c.s.hello(h, 20, 20, func(int) {
			go c.s.arrive(h, "H0", "", "minix", false, func(int) {
				c.s.exits(h, 1)
				c.sees(10, runs)
				c.s.left(h)
				go c.s.end(a, nil)
			})
		})
	}()
	c.step("A", "")
	c.stands("A", "blocked", "R8", "the helper helper-1")
	c.stands("helper-1", "ready", "H0", "")
	// And the step that ends the helper not before its requester goes on.
	c.step("helper-1", "")
	c.stands("helper-1", "done", "H0", "")
	c.stands("A", "done", "R8", "")
	if got := c.s.since(0).Threads[1]; got.Result != 256 || got.Parent != "A" || got.Request != 1 {
		t.Errorf("the helper: %+v", got)
	}
}

func TestStepperFaults(t *testing.T) {
	c := newScene(t)
	c.s.faults.add(kernel.Fault{Number: 1, Point: "H1", Module: "minix", Hold: true, Hit: 2})
	c.s.faults.add(kernel.Fault{Number: 2, Point: "H2", Thread: "A", Delay: 5 * time.Millisecond})
	c.spawn("A", 10, "H1", "H1", "H2")
	c.step("A", "")
	c.stands("A", "ready", "H1", "")
	c.step("A", "")
	c.stands("A", "held", "H1", "")
	c.step("A", "is held at H1")
	if err := c.s.release("B"); err == nil {
		t.Error("nobody is released")
	}
	if err := c.s.release("A"); err != nil {
		t.Fatal(err)
	}
	if err := c.s.release("A"); err == nil {
		t.Error("released twice")
	}
	c.step("A", "")
	c.stands("A", "blocked", "H2", "delayed at H2")
	if err := c.s.await(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.stands("A", "ready", "H2", "")
	if f := c.s.faults.list[0]; f.Hits != 2 {
		t.Errorf("met %d times", f.Hits)
	}
}

func TestStepperFree(t *testing.T) {
	c := newScene(t)
	c.s.faults.add(kernel.Fault{Number: 1, Point: "H2", Thread: "B", Hold: true})
	c.spawn("A", 10, "H0", "H1", "H2", "H3")
	c.spawn("B", 11, "H0", "H1", "H2", "H3")
	c.spawn("C", 12, "H0", "H1", "H2", "H3")
	if _, err := c.s.step(t.Context(), "A", true); err != nil {
		t.Fatal(err)
	}
	c.stands("A", "done", "H3", "")
	if err := c.s.freeAll(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.stands("B", "held", "H2", "")
	c.stands("C", "done", "H3", "")
}
