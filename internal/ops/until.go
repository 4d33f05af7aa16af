package ops

import (
	"context"
	"fmt"

	"example.org/kmodsh/internal/kernel"
)

func untilVerb() *Verb {
	return &Verb{
		Name: "until", Group: groupDebug, Condition: true,
		Short:    "run until a condition holds",
		Usage:    "COND",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(untilCommand) },
		Examples: []string{`until state("ext4") == "coming"`, `until at("A") == "W4"`, `until permits.used > 1`},
	}
}

type untilCommand struct {
	Cond []string `arg:"" passthrough:"" sep:"none" help:"The condition: see help conditions."`
}

func (c *untilCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, cond, snap, err := s.ask(ctx, c.Cond)
	if err != nil {
		return nil, err
	}
	met, bad := cond.Holds(snap)
	if bad != nil {
		return nil, bad
	}
	if met {
		return s.stopped(ctx, d, kernel.Stop{Pos: snap.Pos, Now: snap.Now}, beforeNow(d))
	}
	stop := func(_ kernel.Stop, look func() *kernel.Snapshot) bool {
		met, bad = cond.Holds(look())
		return met || bad != nil
	}
	res, err := s.runThreads(ctx, d, kernel.RunOptions{}, stop)
	switch {
	case err != nil:
	case bad != nil:
		err = bad
	case !met && res.Break == 0:
		if snap, err = d.Snapshot(ctx); err == nil {
			if met, err = cond.Holds(snap); err == nil && !met {
				err = &ExpectError{Cond: cond.Text(), Got: cond.Explain(snap), What: fmt.Sprintf("never came true: %s", res.headline(newText(nil, Style{}))), Unknown: s.unknown(snap, cond)}
			}
		}
	}
	return res, err
}
