package ops

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"example.org/kmodsh/internal/conform"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/walk"
)

func conformVerb() *Verb {
	return &Verb{
		Name: "conform", Group: groupJudge,
		Short: "ask whether the model and a real kernel agree, on random schedules",
		Usage: "[FLAG...] SCENARIO|PATTERN",
		New:   func() Command { return new(conformCommand) },
		Examples: []string{
			"conform vector/v04 --sim v6.12 --vm 6.12 -n 200 --seed 1", "conform --sim v6.1 --vm sim:v6.12 vector/v04", "conform --sim v6.1 --vm 6.1 'vector/*'",
		},
	}
}

type conformCommand struct {
	Sim      string `default:"v6.12" placeholder:"PROFILE" help:"Profile of the simulated kernel, v6.12 without it."`
	VM       string `name:"vm" default:"6.12" placeholder:"KERNEL" help:"The real kernel, 6.12 without it; or any target by its whole name, also a simulated one."`
	N        int    `short:"n" default:"50" placeholder:"N" help:"How many random schedules of each scenario; 50 without it. Its cases share them."`
	Seed     uint64 `default:"1" placeholder:"N" help:"Seed of the schedules; 1 without it."`
	Case     string `placeholder:"TEXT" help:"Only the cases of the scenario with TEXT in their names."`
	Holds    bool   `help:"Keep the scenario's holds; they are left out otherwise."`
	Tries    int    `default:"300" placeholder:"N" help:"Schedules played to make a disagreement small; 300 without it."`
	Scenario string `arg:"" help:"Scenario of the library, a pattern such as 'vector/*', or a file."`
}

// Bounds of one comparison.
const (
	maxConform      = 10_000_000 // schedules
	maxConformTries = 1_000_000
)

// errDisagree is wrapped by the error of a comparison that found the two to
// differ.
var errDisagree = errors.New("they disagree")

// targets are the names of the two.
func (c *conformCommand) targets() (a, b string) {
	whole := func(name, kind string) string {
		if strings.Contains(name, ":") || name == kind || name == "host" {
			return name
		}
		return kind + ":" + name
	}
	return whole(c.Sim, "sim"), whole(c.VM, "vm")
}

func (c *conformCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.N < 1 || c.N > maxConform || c.Tries < 0 || c.Tries > maxConformTries {
		return nil, &UsageError{Msg: fmt.Sprintf("-n is from 1 to %d, and --tries up to %d", maxConform, maxConformTries)}
	}
	found, err := scenario.Find(c.Scenario)
	for _, sc := range found {
		err = errors.Join(err, CheckScenario(sc))
	}
	if err != nil {
		return nil, &UsageError{Msg: err.Error(), Hint: "kmodsh scenario list shows the library"}
	}
	r := &ConformResult{Seed: c.Seed, Cases: []ConformCase{}, NotCompared: []string{}}
	r.A, r.B = c.targets()
	began := time.Now()
	for i, sc := range found {
		progress := func(done int) {
			moves := int64(float64(r.moves()) / max(time.Since(began).Seconds(), 0.001))
			s.Progress(fmt.Sprintf("%s, %d moves/s, schedules", sc.Name, moves), int64(i*c.N+done), int64(len(found)*c.N))
		}
		if err := c.scenario(ctx, s, sc, r, progress); err != nil {
			if !errors.Is(err, errNotCompared) {
				return r, err
			}
			if len(found) == 1 {
				return nil, &UsageError{Msg: err.Error()}
			}
			r.NotCompared = append(r.NotCompared, err.Error())
		}
	}
	if bad := r.disagreements(); len(bad) > 0 {
		return r, fmt.Errorf("%w: %s and %s, in %s", errDisagree, r.A, r.B, strings.Join(bad, "; "))
	}
	if none := r.allAside(); len(none) > 0 {
		return r, fmt.Errorf("%w: %s and %s, in %s", errAllAside, r.A, r.B, strings.Join(none, "; "))
	}
	return r, nil
}

// errAllAside is wrapped where every schedule was set aside, which says nothing
// of model and kernel.
var errAllAside = errors.New("no schedule was compared to its end")

// errNotCompared is wrapped where a scenario has nothing to compare.
var errNotCompared = errors.New("nothing to compare")

// scenario compares the cases of one scenario, up to the first in which the two
// differ.
func (c *conformCommand) scenario(ctx context.Context, s *Session, sc *scenario.Scenario, r *ConformResult, progress func(int)) error {
	parts := casesFor(sc, r.A, c.Case)
	if len(parts) == 0 {
		return fmt.Errorf("%w: %s has no case for %s%s", errNotCompared, sc.Name, r.A, called(c.Case))
	}
	done, some := 0, false
	for i, part := range parts {
		n := c.N / len(parts)
		if i < c.N%len(parts) {
			n++
		}
		if n == 0 {
			break
		}
		one, err := c.compare(ctx, s, sc, part, n, func(i int) { progress(done + i) })
		if errors.Is(err, errNoThread) {
			continue // other cases may have threads
		}
		done += n
		if one != nil {
			some = true
			r.Cases = append(r.Cases, *one)
		}
		if err != nil || one.Disagreement != nil {
			return err
		}
	}
	if !some {
		return fmt.Errorf("%w: %s %w", errNotCompared, sc.Name, errNoThread)
	}
	return nil
}

// compare sets a case up on both targets and compares n schedules.
func (c *conformCommand) compare(ctx context.Context, s *Session, sc *scenario.Scenario, part scenario.Case, n int, progress func(int)) (one *ConformCase, err error) {
	a, b := c.targets()
	words := &exploreCommand{Holds: c.Holds}
	as := func(string) string { return a }
	gb, err := s.stage(ctx, b, as, sc, part, words)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, gb.Close()) }()
	ga, err := s.stageLike(ctx, a, gb.d, as, sc, part, words)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, ga.Close()) }()
	points := commonPoints(ga, gb)
	var sides [2]*conform.Side
	for i, g := range []*stage{ga, gb} {
		w, err := walk.New(ctx, g.d, points)
		if err != nil {
			return nil, err
		}
		_, isSim := g.d.(simulated)
		sides[i] = &conform.Side{Walker: w, RealClock: !isSim}
	}
	for i, side := range sides {
		side.Walker.Brief = sides[1-i].RealClock
	}
	report, err := conform.Run(ctx, sides[0], sides[1], conform.Options{
		Schedules: n, Seed: c.Seed, Tries: c.Tries,
		Progress: func(i, _ int) { progress(i) },
	})
	return &ConformCase{Name: ga.name, Setup: ga.setup, LeftOut: ga.leftOut, Report: report}, err
}

// commonPoints are the points at which threads of all the targets stop.
func commonPoints(stages ...*stage) walk.Points {
	var versions []string
	var targets []kernel.Debugger
	for _, g := range stages {
		versions, targets = append(versions, g.kernel), append(targets, g.d)
	}
	return walk.PointsOf(versions, targets...)
}

func (c *conformCommand) Complete(_ *Session, before []string, word string) []Candidate {
	return completeScenarios(operands(before), word)
}
