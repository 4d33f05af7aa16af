package sim

import (
	"fmt"
	"slices"

	"example.org/kmodsh/internal/trace"
)

// record appends one event, unless the world is quiet; what the thread and the
// module know is filled in.
func (w *World) record(t *Thread, id string, m *Module, e trace.Event) {
	if t != nil {
		t.reached(id, m, e.Ret)
	}
	if !w.quiet {
		w.keep(t, id, m, e)
	}
}

// keep appends the event.
func (w *World) keep(t *Thread, id string, m *Module, e trace.Event) {
	e.Seq = uint64(len(w.events) + 1)
	e.Time = w.now
	e.Point = id
	if t != nil {
		e.Thread = trace.Thread{ID: t.ID, PID: t.PID, Comm: t.Comm}
		if e.Request == 0 {
			e.Request = t.request
		}
	}
	if m != nil {
		e.Module = m.Name
		if e.State == "" {
			e.State = m.State
		}
	}
	e.Source = "sim"
	if n := len(w.events); n == cap(w.events) {
		w.events = slices.Grow(w.events, max(n, 64)) // twice as many: a flood has 100,000
	}
	w.events = append(w.events, e)
}

// note records an event without stopping the thread: for the kernel's
// tracepoints that fire in places where nothing may be held.
func (t *Thread) note(id string, m *Module, e trace.Event) { t.w.record(t, id, m, e) }

// printk adds a line to the kernel log.
func (w *World) printk(format string, args ...any) {
	if !w.quiet {
		w.log = append(w.log, fmt.Sprintf(format, args...))
	}
}

// reached notes that the thread got to a point: for the report of a search on
// what it covered, and in the thread's history.
func (t *Thread) reached(id string, m *Module, ret *int64) {
	c := pointCode(id)
	t.w.points[c>>6&3] |= 1 << (c & 63)
	h := uint64(c)
	if ret != nil {
		h |= uint64(*ret) << 16
	}
	if m != nil {
		h |= uint64(m.State[0]) << 8
	}
	t.seen.history = mix(t.seen.history, h)
}

// pointCode is a point's number below 256: its phase and its number.
func pointCode(id string) int {
	if id == "" {
		return 255
	}
	phase := 7
	switch id[0] {
	case 'R':
		phase = 0
	case 'H':
		phase = 1
	case 'L':
		phase = 2
	case 'W':
		phase = 3
	case 'U':
		phase = 4
	case 'G':
		phase = 5
	case 'S':
		phase = 6
	}
	n := 0
	for i := 1; i < len(id); i++ {
		n = n*10 + int(id[i]-'0')
	}
	return phase<<5 | n&31
}

// Reached says whether any thread got to the point since the world was made,
// its restarts included.
func (w *World) Reached(id string) bool {
	c := pointCode(id)
	return w.points[c>>6&3]&(1<<(c&63)) != 0
}
