package ops

import (
	"context"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

func backVerb() *Verb {
	return &Verb{
		Name: "back", Aliases: []string{"b"}, Group: groupDebug,
		Short:    "go back by one step, or several",
		Usage:    "[N]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return &backCommand{N: 1} },
		Examples: []string{"back", "back 10"},
	}
}

type backCommand struct {
	N int `arg:"" optional:"" default:"1" help:"How many steps."`
}

func (c *backCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	pos, _ := d.Pos()
	if c.N < 1 || c.N > pos {
		return nil, &UsageError{Msg: fmt.Sprintf("there are %d steps to go back by, not %d", pos, c.N)}
	}
	return s.moveTo(ctx, d, pos-c.N)
}

// moveTo goes to a position and tells what is there.
func (s *Session) moveTo(ctx context.Context, d kernel.Debugger, pos int) (Result, error) {
	if err := d.Goto(ctx, pos); err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	// Who moved last is who made the last event.
	at := kernel.Stop{Pos: snap.Pos, Now: snap.Now, Events: uint64(len(snap.Events))}
	if n := len(snap.Events); n > 0 {
		at.Thread = snap.Events[n-1].Thread.ID
	}
	if t := snap.Thread(at.Thread); t != nil {
		at.Point, at.Module, at.Waits, at.Parent = t.At, t.Module, t.Waits, t.Parent
		at.Reason = map[string]kernel.Reason{
			"ready": kernel.StopPoint, "blocked": kernel.StopWaits, "held": kernel.StopHeld, "done": kernel.StopDone,
		}[t.Status]
	}
	s.withDebug(func(st *debugState) { st.moved = at.Thread })
	return s.stopped(ctx, d, at, before{at.Pos, at.Events})
}
