package sim

import (
	"fmt"

	"example.org/kmodsh/internal/trace"
)

// record appends one event; what the thread and the module know is filled in.
func (w *World) record(t *Thread, id string, m *Module, e trace.Event) {
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
	w.events = append(w.events, e)
}

// note records an event without stopping the thread: for the kernel's
// tracepoints that fire in places where nothing may be held.
func (t *Thread) note(id string, m *Module, e trace.Event) { t.w.record(t, id, m, e) }

// printk adds a line to the kernel log.
func (w *World) printk(format string, args ...any) {
	w.log = append(w.log, fmt.Sprintf(format, args...))
}
