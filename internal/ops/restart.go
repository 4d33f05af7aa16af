package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func restartVerb() *Verb {
	return &Verb{
		Name: "restart", Group: groupSession,
		Short:    "open the target anew: nothing loaded, no threads, no past",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(restartCommand) },
		Examples: []string{"restart"},
	}
}

type restartCommand struct{}

// Run opens the same target again; the one before is closed.
func (*restartCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if err := s.Open(ctx, d.Name()); err != nil {
		return nil, err
	}
	return new(targetCommand).Run(ctx, s)
}
