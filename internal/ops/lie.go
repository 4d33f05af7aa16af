package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func lieVerb() *Verb {
	return &Verb{
		Name: "lie", Group: groupFaults,
		Short:    "put a program that does not do its work in modprobe's place",
		Usage:    "[FORM]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(lieCommand) },
		Examples: []string{"lie", "lie exit:3", "lie slow:12s", "lie missing", "lie real"},
	}
}

type lieCommand struct {
	Form string `arg:"" optional:"" default:"exit:0" help:"exit:N, killed, missing, noexec, badformat, binfmt, slow:DURATION, stuck, insmod, or real: the true one again. Without it exit:0, success without the work."`
}

func (c *lieCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	s.changing(d)
	if err := d.Set(ctx, "helper="+c.Form); err != nil {
		return nil, err
	}
	return listFaults(ctx, d)
}

func (c *lieCommand) Complete(s *Session, before []string, word string) []Candidate {
	return match(word, []Candidate{
		{Text: "exit:0", Note: "success without the work"}, {Text: "exit:1", Note: "failure without trying"},
		{Text: "killed", Note: "by SIGKILL"}, {Text: "missing", Note: "no such file"}, {Text: "noexec", Note: "not executable"},
		{Text: "badformat", Note: "no program the kernel can run"}, {Text: "slow:12s", Note: "sleeps first"},
		{Text: "stuck", Note: "never ends"}, {Text: "real", Note: "the true modprobe again"},
	})
}
