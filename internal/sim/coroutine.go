package sim

import "iter"

// coroutine is the stack a thread runs on. It outlives the thread: a world
// that is booted again gives it the next thread to run, since making one costs
// more than a short run.
type coroutine struct {
	thread Thread
	resume func() (struct{}, bool)
	stop   func()
	yield  func(struct{}) bool
	ended  bool
}

// unwound is the panic value that takes a thread's stack down when its world
// is closed or booted again.
type unwound struct{}

func newCoroutine() *coroutine {
	c := &coroutine{}
	c.resume, c.stop = iter.Pull(func(yield func(struct{}) bool) {
		c.yield = yield
		for c.run(); !c.ended && yield(struct{}{}); c.run() {
		}
	})
	return c
}

// run runs the body of the thread that has the coroutine now.
func (c *coroutine) run() {
	t := &c.thread
	defer func() {
		if t.status != Done {
			t.status = Done
			if r := recover(); r != nil {
				if _, ok := r.(unwound); !ok {
					panic(r)
				}
			}
		}
	}()
	t.exit = t.body(t)
	t.status = Done
	t.w.onDone(t)
}

// pause hands control back until the coroutine is resumed.
func (c *coroutine) pause() {
	if !c.yield(struct{}{}) {
		c.ended = true
		panic(unwound{})
	}
	if c.thread.w.unwinding {
		panic(unwound{})
	}
}

// idleCoroutine returns one that runs no thread.
func (w *World) idleCoroutine() *coroutine {
	if n := len(w.idle); n > 0 {
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		return c
	}
	return newCoroutine()
}

// unwind ends all threads and keeps their coroutines. A thread that has not
// begun has nothing on its stack.
func (w *World) unwind() {
	w.unwinding = true
	for i := len(w.threads) - 1; i >= 0; i-- {
		t := w.threads[i]
		if t.status != Done && t.begun {
			t.co.resume()
		}
		w.idle = append(w.idle, t.co)
	}
	w.threads = w.threads[:0]
	w.unwinding = false
}
