package lab

import (
	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// note keeps what the action that led to the present position was, for the
// picture of the run. d.mu is held.
func (d *debugging) note(a action, log *trace.Log) {
	m := kernel.Move{Pos: d.pos, Kind: string(a.op), Thread: a.thread, Now: d.now, Events: d.seq}
	switch a.op {
	case wire.OpAwait, wire.OpFree:
		m.Kind = "clock"
	case wire.OpUnfault:
		m.Kind = string(wire.OpFault)
	}
	if t := d.thread(a.thread); t != nil {
		m.Take(&t.ThreadState)
	}
	before := uint64(0)
	if list := kernel.MovesTo(d.moves, d.pos-1); len(list) > 0 {
		before = list[len(list)-1].Events
	}
	events, _ := log.After(before, 0)
	m.Tell(events, func(t trace.Thread) string { return t.ID })
	d.moves = kernel.AddMove(d.moves, m)
}
