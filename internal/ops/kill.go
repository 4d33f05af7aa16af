package ops

import (
	"context"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func killVerb() *Verb {
	return &Verb{
		Name: "kill", Group: groupFaults,
		Short:    "send a signal to a thread",
		Usage:    "ID [TERM|KILL]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(killCommand) },
		Examples: []string{"kill B", "kill B TERM"},
	}
}

type killCommand struct {
	ID     string `arg:"" help:"The thread."`
	Signal string `arg:"" optional:"" default:"KILL" help:"TERM ends waits that any signal may end; KILL also those that only it may."`
}

func (c *killCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	s.changing(d)
	if err := d.Signal(ctx, c.ID, strings.TrimPrefix(strings.ToUpper(c.Signal), "SIG")); err != nil {
		return nil, err
	}
	return (&threadsCommand{}).Run(ctx, s)
}

func (c *killCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) == 0 {
		return s.completeThreads(word)
	}
	return match(word, []Candidate{{Text: "TERM"}, {Text: "KILL"}})
}
