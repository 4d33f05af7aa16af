package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func releaseVerb() *Verb {
	return &Verb{
		Name: "release", Group: groupFaults,
		Short:    "let held threads go on",
		Usage:    "[ID | POINT]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(releaseCommand) },
		Examples: []string{"release A", "release W4", "release"},
	}
}

type releaseCommand struct {
	Who string `arg:"" optional:"" help:"A thread, or a point: all who are held there. Without it, all."`
}

func (c *releaseCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	point, isPoint := trace.LookupPoint(c.Who)
	s.changing(d)
	n := 0
	for _, t := range snap.Threads {
		if t.Status != "held" || c.Who != "" && t.ID != c.Who && (!isPoint || t.At != point.ID) {
			continue
		}
		if err := d.Release(ctx, t.ID); err != nil {
			return nil, err
		}
		n++
	}
	if n == 0 {
		what := "no thread is held"
		if c.Who != "" {
			what = quoteShort(c.Who) + " is no thread that is held, and no point where one is"
		}
		return nil, &UsageError{Msg: what}
	}
	return (&threadsCommand{}).Run(ctx, s)
}

func (c *releaseCommand) Complete(s *Session, before []string, word string) []Candidate {
	var list []Candidate
	for _, t := range s.completeThreads(word) {
		if len(t.Note) > 4 && t.Note[:4] == "held" {
			list = append(list, t)
		}
	}
	return list
}
