package agent

import (
	"testing"
)

func TestAsyncWorkMoves(t *testing.T) {
	at := func(functions ...string) sight {
		return sleepsIn(append(functions, "async_run_entry_fn", "process_one_work")...)
	}
	asks := at("call_usermodehelper_exec", "__request_module")
	idle := sleepsIn("futex_wait_queue", "do_futex")
	loads := sleepsIn("async_synchronize_cookie_domain", "do_init_module")
	for _, tt := range []struct {
		name string
		work asyncWork
		want bool
	}{
		{"it has ended", asyncWork{}, true},
		{"it runs", asyncWork{workers: []sight{runs}}, true},
		{"it sleeps for a time", asyncWork{workers: []sight{at("msleep")}}, true},
		{"it sleeps where nobody knows", asyncWork{workers: []sight{at("wait_for_completion")}}, true},
		{"it waits for a permit", asyncWork{workers: []sight{at("__request_module")}}, true},
		{"it waits for a load", asyncWork{workers: []sight{at("load_module")}}, true}, // of a symbol, 30 s
		{"it waits for the load of the same file", asyncWork{workers: []sight{at("idempotent_wait_for_completion")}}, false},
		{"one of two does", asyncWork{workers: []sight{at("idempotent_wait_for_completion"), runs}}, true},
		{"its helper is about to start or has ended", asyncWork{workers: []sight{asks}}, true},
		{"its helper runs", asyncWork{workers: []sight{asks}, helpers: [][]sight{{idle, runs}}}, true},
		{"its helper is in user space", asyncWork{workers: []sight{asks}, helpers: [][]sight{{idle, idle}}}, true},
		{"its helper waits for all such work", asyncWork{workers: []sight{asks}, helpers: [][]sight{{idle, loads}}}, false},
		{"one of two helpers does", asyncWork{workers: []sight{asks, asks}, helpers: [][]sight{{loads}, {runs}}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.work.moves(); got != tt.want {
				t.Errorf("moves is %v", got)
			}
		})
	}
}

// TestStepperAsync has a load wait for asynchronous work that goes on and ends,
// and for such that never will.
func TestStepperAsync(t *testing.T) {
	c := newScene(t)
	work := asyncWork{workers: []sight{runs}}
	looks := 0
	a := c.spawn("A", 10)
	c.s.async = func() asyncWork { // s.mu is held
		c.mu.Lock()
		c.time += second
		c.mu.Unlock()
		if looks++; looks == 3 && len(work.workers) == 1 {
			c.wake(a, "L18")
		}
		return work
	}
	waits := func(func(int)) func(int) {
		return func(int) { c.sees(10, sleepsIn("async_synchronize_cookie_domain", "do_init_module")) }
	}
	a.goOn = waits(a.goOn)
	c.step("A", "")
	c.stands("A", "ready", "L18", "")

	work = asyncWork{workers: []sight{sleepsIn("idempotent_wait_for_completion", "async_run_entry_fn")}}
	a.goOn = waits(a.goOn)
	c.step("A", "")
	c.step("A", "waits for all asynchronous work to end")
	c.stands("A", "blocked", "L18", "all asynchronous work to end")
	if err := c.s.freeAll(t.Context(), 0); err != nil { // nobody is waited for
		t.Fatal(err)
	}

	// The work that goes on may be such that A alone can end.
	work, looks = asyncWork{workers: []sight{runs}}, 10
	if err := c.s.freeAll(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c.stands("A", "blocked", "L18", "all asynchronous work to end")
}
