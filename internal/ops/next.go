package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func nextVerb() *Verb {
	return &Verb{
		Name: "next", Aliases: []string{"n"}, Group: groupDebug,
		Short:    "move a thread to its next stage, over the kernel's own steps",
		Usage:    "[ID]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(nextCommand) },
		Examples: []string{"next", "next B"},
	}
}

type nextCommand struct {
	ID string `arg:"" optional:"" help:"The thread; without it the one that moved last, or the first that can."`
}

func (c *nextCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	id, err := s.whoSteps(ctx, d, c.ID)
	if err != nil {
		return nil, err
	}
	stop := func(at kernel.Stop, _ func() *kernel.Snapshot) bool {
		p, ok := trace.LookupPoint(at.Point)
		stage := ok && (p.Phase == trace.PhaseHelper || p.Phase == trace.PhaseRequest)
		return at.Reason == kernel.StopPoint && stage && (at.Thread == id || at.Parent == id || id == "")
	}
	return s.runThreads(ctx, d, kernel.RunOptions{First: id, Until: id}, stop)
}

func (c *nextCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeThreads(word)
}
