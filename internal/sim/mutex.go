package sim

// Mutex is a sleeping lock of the simulated kernel. Unlocking wakes the oldest
// waiter, who must take it like anybody else: a newcomer may be faster, as
// with the kernel's own mutex (kernel/locking/mutex.c).
type Mutex struct {
	name  string
	owner *Thread
	queue Queue
}

// Lock takes the mutex; brk says which signals may break the wait. It says
// false when one did.
func (t *Thread) Lock(m *Mutex, brk Break) bool {
	t.w.footprint.Reads.add(resMutex)
	if m.owner != nil {
		first := t.seen.history
		why := t.WaitUntil(&m.queue, 0, brk, m.name+", held by "+m.owner.ID, func() bool {
			t.w.footprint.Reads.add(resMutex)
			return m.owner == nil
		})
		if why == Signalled {
			return false
		}
		if !t.w.remember {
			t.seen.history = first // as if it had been free
		}
	}
	t.w.footprint.Reads.add(resMutex)
	m.owner = t
	return true
}

// Unlock releases the mutex.
func (t *Thread) Unlock(m *Mutex) {
	if t.w.unwinding || t.w.closed {
		return
	}
	if m.owner != t {
		panic("sim: " + t.ID + " unlocks " + m.name + " without holding it")
	}
	m.owner = nil
	t.w.asked.Queues |= 1 << m.queue.bit
	if len(m.queue.sleepers) > 0 {
		t.w.wake(&m.queue, 1)
	}
}
