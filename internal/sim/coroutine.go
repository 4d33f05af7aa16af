package sim

import "iter"

// coroutine is the stack a thread runs on, from its first step to its end. Then
// another thread gets it, since making one costs more than a short run, and a
// flood has thousands of threads of which few are under way.
type coroutine struct {
	thread *Thread // that runs on it
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
	t := c.thread
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

// resume lets a thread run until it gives control back.
func (w *World) resume(t *Thread) {
	if t.co == nil {
		if n := len(w.idle); n > 0 {
			t.co = w.idle[n-1]
			w.idle = w.idle[:n-1]
		} else {
			t.co = newCoroutine()
		}
		t.co.thread = t
	}
	t.co.resume()
	if t.status == Done {
		w.retire(t)
	}
}

// retire takes the coroutine of a thread that has ended.
func (w *World) retire(t *Thread) {
	w.idle = append(w.idle, t.co)
	t.co.thread, t.co = nil, nil
}

// unwind ends all threads and keeps their coroutines. A thread that has not
// begun has nothing on its stack.
func (w *World) unwind() {
	w.unwinding = true
	for i := len(w.threads) - 1; i >= 0; i-- {
		t := w.threads[i]
		if t.co != nil {
			t.co.resume()
			w.retire(t)
		}
	}
	w.spare, w.threads = append(w.spare, w.threads...), w.threads[:0]
	w.unwinding = false
}
