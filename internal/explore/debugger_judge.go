package explore

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// judge asks the promises, and at the end of a schedule notes what came of it.
func (s *live) judge(ctx context.Context, n *spot, end bool) error {
	var broken []int // violations
	for _, p := range s.Promises {
		if slices.ContainsFunc(s.r.Violations, func(v Violation) bool { return v.Promise == p.Name }) {
			continue
		}
		says := p.Ask(s.shown())
		if says == "" {
			continue
		}
		v := Violation{Promise: p.Name, Says: says, Moves: n.moves()}
		if o, ok := s.Oracle.(interface {
			Past() (*sim.System, sim.Profile, []sim.Action, error)
		}); ok && n.synced {
			_, _, actions, err := o.Past()
			if err != nil {
				return err
			}
			v.Actions, v.Setup = actions, s.setup
		}
		var err error
		if v.Outcome, err = s.outcome(ctx); err != nil {
			return err
		}
		s.r.Violations = append(s.r.Violations, v)
		broken = append(broken, len(s.r.Violations)-1)
	}
	if end {
		if err := s.ending(ctx, n); err != nil {
			return err
		}
	}
	if s.Keep == nil || n.parent == nil || len(broken) == 0 {
		return nil
	}
	return s.keep(ctx, n, broken)
}

// ending notes what a schedule came to.
func (s *live) ending(ctx context.Context, n *spot) error {
	s.r.Schedules++
	s.pass(n.cost).Schedules++
	text, err := s.outcome(ctx)
	if err == nil && !slices.Contains(s.r.Outcomes, text) {
		s.r.Outcomes = append(s.r.Outcomes, text)
	}
	if s.Progress != nil {
		s.Progress(s.r.Schedules, s.r.Steps)
	}
	return err
}

// shown is what promises are asked of: all but the modules that serve the
// machine itself, on which a mount or an open file holds references.
func (s *live) shown() *kernel.Snapshot {
	if len(s.others) == 0 {
		return s.state.Snapshot
	}
	snap := *s.state.Snapshot
	snap.Modules = slices.DeleteFunc(slices.Clone(snap.Modules), func(m kernel.ModuleState) bool { return s.others[m.Name] })
	return &snap
}

// keep keeps the target as it was before the last move, for each of the
// violations that it led to.
func (s *live) keep(ctx context.Context, n *spot, broken []int) error {
	if ok, err := s.back(ctx, n.parent); err != nil || !ok {
		return err
	}
	for _, i := range broken {
		v := &s.r.Violations[i]
		var err error
		if v.Opens, err = s.Keep(ctx, keepName(s.Name, v.Promise)); err != nil {
			if ctx.Err() != nil {
				return err
			}
			// What was found counts more than a place to look at it.
			s.r.Missed = append(s.r.Missed, fmt.Sprintf("the machine as it was before %s is broken could not be kept: %v", v.Promise, err))
		}
	}
	if s.ended(ctx) {
		return nil // nobody goes on from there
	}
	_, err := s.back(ctx, n)
	return err
}

// keepName names what is kept, by letters, digits and dashes alone. Of a scenario
// that is a file elsewhere the path says nothing.
func keepName(scenario, promise string) string {
	if path.IsAbs(scenario) || strings.HasPrefix(scenario, ".") {
		scenario = path.Base(scenario)
	}
	return strings.Trim(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, scenario+"-"+promise), "-")
}

// note remembers the points that events reached.
func (s *live) note(events []trace.Event) {
	for _, e := range events {
		s.points[e.Point] = true
	}
}
