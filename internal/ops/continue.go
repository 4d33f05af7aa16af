package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func continueVerb() *Verb {
	return &Verb{
		Name: "continue", Aliases: []string{"c"}, Group: groupDebug,
		Short:    "run until a breakpoint, a hold, the end, or nobody can move",
		Usage:    "[--frozen] [--at-once] [ID]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(continueCommand) },
		Examples: []string{"continue", "continue B", "continue --frozen"},
	}
}

type continueCommand struct {
	Frozen bool   `help:"Leave the clock where it is: stop when somebody would have to wait for it."`
	AtOnce bool   `help:"Let all threads go at the same time, and stop nobody at points, where the target is a real kernel."`
	ID     string `arg:"" optional:"" help:"Only until this thread has ended; it moves first."`
}

func (c *continueCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	return s.runThreads(ctx, d, kernel.RunOptions{First: c.ID, Until: c.ID, Frozen: c.Frozen, AtOnce: c.AtOnce}, nil)
}

func (c *continueCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeThreads(word)
}
