package ops

import (
	"context"
	"fmt"

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
		return nil, c.nobody(snap, isPoint)
	}
	return (&threadsCommand{}).Run(ctx, s)
}

// nobody says why there was nobody to release.
func (c *releaseCommand) nobody(snap *kernel.Snapshot, isPoint bool) error {
	switch t := snap.Thread(c.Who); {
	case c.Who == "":
		return &UsageError{Msg: "no thread is held"}
	case isPoint:
		return &UsageError{Msg: "no thread is held at " + c.Who}
	case t == nil:
		return fmt.Errorf("release: %w: no thread %q", kernel.ErrNotFound, c.Who)
	case t.Done:
		return &UsageError{Msg: c.Who + " is not held: it has ended"}
	default:
		return &UsageError{Msg: c.Who + " is not held: it is " + t.Status}
	}
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
