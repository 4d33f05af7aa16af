package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func policyVerb() *Verb {
	return &Verb{
		Name: "policy", Group: groupFaults,
		Short:    "show or change the policy that the helpers work by",
		Usage:    "[NAME]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(policyCommand) },
		Examples: []string{"policy", "policy kmod19", "policy verified"},
	}
}

type policyCommand struct {
	Name string `arg:"" optional:"" help:"The policy: see help policies."`
}

func (c *policyCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if c.Name != "" {
		s.changing(d)
		if err := d.Set(ctx, "policy="+c.Name); err != nil {
			return nil, err
		}
	}
	return settings(d, "policy"), nil
}

func (c *policyCommand) Complete(s *Session, before []string, word string) []Candidate {
	return match(word, policyCandidates())
}
