package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func stepVerb() *Verb {
	return &Verb{
		Name: "step", Aliases: []string{"s"}, Group: groupDebug,
		Short:    "move one thread to its next point",
		Usage:    "[-n COUNT] [ID]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(stepCommand) },
		Examples: []string{"step", "step A", "step -n 5 A"},
	}
}

type stepCommand struct {
	Count int    `short:"n" default:"1" placeholder:"COUNT" help:"How many steps."`
	ID    string `arg:"" optional:"" help:"The thread; without it the one that moved last, or the first that can."`
}

func (c *stepCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if c.Count < 1 {
		return nil, &UsageError{Msg: "-n must be at least 1"}
	}
	s.changing(d)
	from := beforeNow(d)
	var at kernel.Stop
	for n := range c.Count {
		id, err := s.whoSteps(ctx, d, c.ID)
		if err != nil {
			return nil, err
		}
		if id == "" {
			// Nobody can move: the clock is the only one who can.
			at, err = d.Run(ctx, kernel.RunOptions{Stop: func(kernel.Stop, func() *kernel.Snapshot) bool { return true }})
		} else {
			at, err = d.Step(ctx, id)
		}
		if err != nil {
			return nil, err
		}
		s.withDebug(func(st *debugState) { st.moved = at.Thread })
		at.Steps = n + 1
		if err := s.checkPromises(ctx, d); err != nil {
			res, _ := s.stopped(ctx, d, at, from)
			return res, err
		}
	}
	return s.stopped(ctx, d, at, from)
}

// whoSteps returns the thread that a step without a name moves: the one that
// moved last, or the first that can; "" when only the clock can move.
func (s *Session) whoSteps(ctx context.Context, d kernel.Debugger, id string) (string, error) {
	if id != "" {
		return id, nil
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return "", err
	}
	s.withDebug(func(st *debugState) { id = st.moved })
	if t := snap.Thread(id); t != nil && t.Status == "ready" {
		return id, nil
	}
	for _, t := range snap.Threads {
		if t.Status == "ready" {
			return t.ID, nil
		}
	}
	if len(snap.Threads) == 0 {
		return "", &UsageError{Msg: "there is no thread yet", Hint: "make one: spawn A load ext4"}
	}
	return "", nil
}

func (c *stepCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeThreads(word)
}
