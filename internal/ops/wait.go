package ops

import (
	"context"
	"time"

	"example.org/kmodsh/internal/kernel"
)

func waitVerb() *Verb {
	return &Verb{
		Name: "wait", Aliases: []string{"sleep"}, Group: groupDebug,
		Short:    "run for a time on the target's clock",
		Usage:    "DURATION",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(waitCommand) },
		Examples: []string{"wait 1s", "wait 250ms"},
	}
}

type waitCommand struct {
	For time.Duration `arg:"" name:"duration" help:"How long, such as 1s or 250ms."`
}

func (c *waitCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if c.For <= 0 || c.For > maxDelay {
		return nil, &UsageError{Msg: "the time must be above 0 and at most " + maxDelay.String()}
	}
	return s.runThreads(ctx, d, kernel.RunOptions{For: c.For}, nil)
}
