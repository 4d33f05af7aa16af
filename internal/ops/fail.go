package ops

import (
	"context"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func failVerb() *Verb {
	return &Verb{
		Name: "fail", Group: groupFaults,
		Short:    "make the step at a point fail with an errno",
		Usage:    "POINT|fn:FUNCTION ERRNO [module=NAME] [thread=ID] [hit=N]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(failCommand) },
		Examples: []string{"fail L5 ENOMEM", "fail W4 ENOMEM module=ext4"},
	}
}

type failCommand struct {
	Point string  `arg:"" help:"The point: see docs/points.md; on a real kernel also fn: and a function of it."`
	Errno string  `arg:"" help:"One of those with which the step can fail; info POINT lists them."`
	Where filters `arg:"" optional:"" sep:"none" help:"Only this module, this thread, the n-th time."`
}

func (c *failCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if _, err := lookupPoint(c.Point); err != nil {
		return nil, err
	}
	f, err := kernel.ParseFault([]string{"fail", c.Point, c.Errno})
	if err != nil {
		return nil, err
	}
	return s.plan(ctx, f, c.Where)
}

func (c *failCommand) Complete(s *Session, before []string, word string) []Candidate {
	words := operands(before)
	switch len(words) {
	case 0:
		may := func(p trace.Point) bool { return len(p.Fail) > 0 }
		return append(completePoints(word, may), completeFunctions(word, may)...)
	case 1:
		p, _ := trace.LookupPoint(words[0])
		var list []Candidate
		for _, e := range p.Fail {
			list = append(list, Candidate{Text: e})
		}
		return match(strings.ToUpper(word), list)
	}
	return s.completeFilters(word)
}
