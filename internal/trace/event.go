package trace

import "time"

// Thread names who did something: a process or kernel thread on a real kernel,
// a coroutine on the simulated one.
type Thread struct {
	ID   string `json:"id,omitempty"`   // the name a person gave it (spawn ID), "" when nobody did
	PID  int    `json:"pid,omitempty"`  // process id in the target, 0 when unknown
	Comm string `json:"comm,omitempty"` // the kernel's name of the task
}

// Event is one thing that happened in a target. The same struct serves every
// target, so whoever reads a trace need not know where it was made.
type Event struct {
	// Seq numbers the events of one target from 1, without holes: a hole a
	// reader sees is a loss, and Lost of the next event says how many.
	Seq uint64 `json:"seq"`
	// Time is nanoseconds of the target's own clock: CLOCK_MONOTONIC of a
	// Linux kernel, virtual time of the simulator.
	Time   int64  `json:"t"`
	Thread Thread `json:"thread,omitzero"`
	// Point is the ID of a row of the table of points, such as "R6".
	Point string `json:"point"`
	// Module is the kernel's name of the module (underscores), "" if none.
	Module string `json:"module,omitempty"`
	// State is the module's state after the event, "" when it is not known.
	State State `json:"state,omitempty"`
	// Request is the number of the request this belongs to, 0 when unknown.
	Request uint64 `json:"request,omitempty"`
	// Name is the requested string (alias, file system, device), if any.
	Name string `json:"name,omitempty"`
	// Ret is what a step returned: 0, a negative errno, a helper's exit code.
	// nil when the event is not the end of a step.
	Ret *int64 `json:"ret,omitempty"`
	// Refs is the reference count as the source printed it, nil when not given.
	Refs *int64 `json:"refs,omitempty"`
	// Detail is free text: what was resolved, which file, why.
	Detail string `json:"detail,omitempty"`
	// Source is who reported it: "tracefs", "helper", "agent", "sim".
	Source string `json:"source,omitempty"`
	// Lost counts events that were lost right before this one.
	Lost uint64 `json:"lost,omitempty"`
}

// Int returns a pointer to v, for Event.Ret and Event.Refs.
func Int(v int64) *int64 { return &v }

// Elapsed returns the event's time as a duration since the target's clock began.
func (e Event) Elapsed() time.Duration { return time.Duration(e.Time) }
