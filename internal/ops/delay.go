package ops

import (
	"context"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func delayVerb() *Verb {
	return &Verb{
		Name: "delay", Group: groupFaults,
		Short:    "make whoever comes to a point sleep there",
		Usage:    "POINT|fn:FUNCTION DURATION [module=NAME] [thread=ID] [hit=N]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(delayCommand) },
		Examples: []string{"delay W4 10ms", "delay L17 3s module=ext4"},
	}
}

type delayCommand struct {
	Point string        `arg:"" help:"The point: see docs/points.md; on a real kernel also fn: and a function of it."`
	By    time.Duration `arg:"" name:"duration" help:"How long, such as 10ms, on the target's clock."`
	Where filters       `arg:"" optional:"" sep:"none" help:"Only this module, this thread, the n-th time."`
}

func (c *delayCommand) Run(ctx context.Context, s *Session) (Result, error) {
	p, err := mayHold(c.Point)
	if err != nil {
		return nil, err
	}
	if c.By <= 0 || c.By > maxDelay {
		return nil, &UsageError{Msg: "the time must be above 0 and at most " + maxDelay.String()}
	}
	return s.plan(ctx, kernel.Fault{Point: p.ID, Delay: c.By}, c.Where)
}

func (c *delayCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 1 {
		return s.completeFilters(word)
	}
	if len(operands(before)) > 0 {
		return nil
	}
	may := func(p trace.Point) bool { return p.Hold }
	return append(completePoints(word, may), completeFunctions(word, may)...)
}
