package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func holdVerb() *Verb {
	return &Verb{
		Name: "hold", Group: groupFaults,
		Short:    "stop whoever comes to a point, until released",
		Usage:    "POINT|fn:FUNCTION [module=NAME] [thread=ID] [hit=N]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(holdCommand) },
		Examples: []string{"hold W4", "hold fn:do_init_module module=ext4", "hold W4 module=ext4 thread=A", "hold H3 hit=2"},
	}
}

type holdCommand struct {
	Point string  `arg:"" help:"The point: see docs/points.md; on a real kernel also fn: and a function of it."`
	Where filters `arg:"" optional:"" sep:"none" help:"Only this module, this thread, the n-th time."`
}

func (c *holdCommand) Run(ctx context.Context, s *Session) (Result, error) {
	p, err := mayHold(c.Point)
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, kernel.Fault{Point: p.ID, Hold: true}, c.Where)
}

func (c *holdCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return s.completeFilters(word)
	}
	may := func(p trace.Point) bool { return p.Hold }
	return append(completePoints(word, may), completeFunctions(word, may)...)
}
