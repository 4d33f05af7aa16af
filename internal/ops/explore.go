package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
)

// opExplore is what explore and replay need of a target, in their messages.
const opExplore kernel.Op = "explore"

// Bounds of one search, so that no word makes it take the machine.
const (
	maxExploreMemory  = 64 << 10 // MiB
	maxExploreWorkers = 1024
	shrinkTries       = 3000 // schedules run to make one small
	manyThreads       = 8    // with their helpers they are more than an exhaustive search takes
)

func exploreVerb() *Verb {
	return &Verb{
		Name: "explore", Group: groupJudge,
		Short: "search every schedule for one that breaks a promise",
		Usage: "[FLAG...] [SCENARIO]",
		New:   func() Command { return new(exploreCommand) },
		Examples: []string{
			"explore seed/builtin-race", "explore --policy kmod20 seed/builtin-race", "explore --bound 2 --time 10s seed/thread-limit",
			`explore --promise 'permits.used <= 50'`, "explore --case verified --resume search.json seed/builtin-race",
		},
	}
}

type exploreCommand struct {
	On        string        `placeholder:"TARGET" help:"Kernel to search on, such as sim:v6.1 or vm:6.12. Without it the present target, where the scenario is for it, or the newest that the scenario is for."`
	Case      string        `placeholder:"TEXT" help:"Only the cases of the scenario with TEXT in their names."`
	All       bool          `help:"Go on after the first promise broken: one schedule for each promise, and all cases."`
	Holds     bool          `help:"Keep the scenario's holds. They are left out otherwise, since a search comes to every place by itself."`
	Policy    string        `placeholder:"NAME" help:"Policy of the helpers, in place of the scenario's."`
	Promise   []string      `sep:"none" placeholder:"NAME|COND" help:"Promise to be checked in place of the scenario's: a name, or a condition. May be repeated. Where nobody says any, all that have a name are checked."`
	Strategy  string        `default:"exhaustive" placeholder:"NAME" help:"exhaustive, random, pct or round-robin."`
	Bound     int           `placeholder:"N" help:"Stop after the schedules with N preemptions."`
	Seed      uint64        `placeholder:"N" help:"Seed of random and pct."`
	Schedules int           `placeholder:"N" help:"Stop after N schedules; 1000 for strategies that choose at random."`
	Steps     int           `placeholder:"N" help:"Stop after N steps."`
	Time      time.Duration `placeholder:"DURATION" help:"Stop after so long, such as 30s."`
	Memory    int           `placeholder:"MIB" help:"Memory of the search, in MiB; 64. States that there is no room for are searched again; schedules that do not fit are told of."`
	Workers   int           `placeholder:"N" help:"How many search at once; one for each processor. What is found does not depend on it; of long searches the counts may."`
	Resume    string        `placeholder:"FILE" help:"Go on with the search in FILE, if it is there, and keep in it how far this one comes: now and then, and when it ends or is interrupted."`
	Stops     bool          `help:"Search from stop to stop, as a real kernel is searched, also a simulated one."`
	Oracle    string        `placeholder:"PROFILE" help:"Simulated kernel that goes along with a search from stop to stop, to say which moves need not be tried; none for none. Without it the one most like the target."`
	Output    string        `short:"o" placeholder:"FILE" help:"File for the trace that breaks a promise; - writes none. It is NAME.trace otherwise. A file that is there is not written over."`
	Scenario  string        `arg:"" optional:"" help:"Scenario of the library, or a file. Without it the search begins at the present state of the target."`
}

// wantsTarget: a scenario gets targets of its own.
func (c *exploreCommand) wantsTarget(args []string) bool {
	probe := exploreCommand{}
	p, err := exploreVerb().parser(&probe)
	if err != nil {
		return true
	}
	_, err = p.Parse(args)
	return err == nil && probe.Scenario == ""
}

func (c *exploreCommand) Complete(_ *Session, before []string, word string) []Candidate {
	return completeScenarios(operands(before), word)
}

func (c *exploreCommand) options() (explore.Options, error) {
	o := explore.Options{
		Strategy: explore.Strategy(c.Strategy), Schedules: c.Schedules, Steps: c.Steps, Workers: c.Workers,
		Memory: c.Memory << 20, Seed: c.Seed, All: c.All, File: c.Resume, Preemptions: c.Bound,
	}
	switch {
	case !slices.Contains(explore.Strategies(), o.Strategy):
		return o, &UsageError{Msg: fmt.Sprintf("no strategy %s: there are %v", quoteShort(c.Strategy), explore.Strategies())}
	case c.Bound < 0 || c.Bound > 100:
		return o, &UsageError{Msg: "--bound is a number of preemptions, from 1 to 100; 0 is no bound"}
	case c.Schedules < 0 || c.Steps < 0 || c.Time < 0:
		return o, &UsageError{Msg: "--schedules, --steps and --time are not negative"}
	case c.Memory < 0 || c.Memory > maxExploreMemory || c.Workers < 0 || c.Workers > maxExploreWorkers:
		return o, &UsageError{Msg: fmt.Sprintf("--memory is at most %d MiB, and --workers %d", maxExploreMemory, maxExploreWorkers)}
	case o.Strategy != explore.Exhaustive && (c.Resume != "" || c.Bound > 0):
		return o, &UsageError{Msg: "--resume and --bound go with --strategy exhaustive"}
	}
	return o, nil
}

func (c *exploreCommand) Run(ctx context.Context, s *Session) (Result, error) {
	o, err := c.options()
	if err != nil {
		return nil, err
	}
	for _, text := range c.Promise {
		if _, err := promiseOf(text); err != nil {
			return nil, err
		}
	}
	if err := c.checkOutput(); err != nil {
		return nil, err
	}
	if c.isLive(s) {
		return c.timed(ctx, func(limited context.Context) (Result, error) { return c.live(limited, ctx, s, o) })
	}
	list, err := c.searches(ctx, s)
	if err != nil {
		return nil, err
	}
	if c.Resume != "" && len(list) > 1 {
		return nil, &UsageError{Msg: fmt.Sprintf("--resume is for one search, and %s has %d cases: choose one with --case", c.Scenario, len(list))}
	}
	return c.timed(ctx, func(limited context.Context) (Result, error) { return c.searchAll(limited, ctx, s, list, o) })
}

// timed calls f with a context that also ends when the time of the search is
// up.
func (c *exploreCommand) timed(ctx context.Context, f func(limited context.Context) (Result, error)) (Result, error) {
	if c.Time == 0 {
		return f(ctx)
	}
	limited, stop := context.WithTimeout(ctx, c.Time)
	defer stop()
	return f(limited)
}

// searchAll searches one problem after the other.
func (c *exploreCommand) searchAll(limited, ctx context.Context, s *Session, list []searched, o explore.Options) (Result, error) {
	res := &ExploreResult{Searches: []*Search{}, NotSearched: []string{}}
	for _, p := range list {
		if limited.Err() != nil || len(res.broken()) > 0 && !c.All {
			res.NotSearched = append(res.NotSearched, p.problem.Name)
			continue
		}
		one, err := c.search(limited, ctx, s, p, o)
		if err != nil {
			return res, err
		}
		res.Searches = append(res.Searches, one)
	}
	return res, errors.Join(ctx.Err(), res.err())
}

// search explores one problem, and makes a schedule that breaks a promise
// small. limited ends the exploration, ctx all.
func (c *exploreCommand) search(limited, ctx context.Context, s *Session, p searched, o explore.Options) (*Search, error) {
	o.Progress = func(p explore.Progress) {
		if p.Steps > 0 {
			s.Progress(p.Pass+", steps", p.Steps, 0)
		} else {
			s.Progress(p.Pass+", schedules", p.Schedules, 0)
		}
	}
	report, err := explore.Explore(limited, p.problem, o)
	if err != nil {
		if n := p.spawned(); n > manyThreads && o.Strategy == explore.Exhaustive && c.Resume == "" {
			err = fmt.Errorf("%w: --strategy pct, random or round-robin", err)
		}
		return nil, err
	}
	one := &Search{Target: p.target, Setup: p.setup, LeftOut: p.leftOut, Promises: p.names(), Report: report, Found: []Found{}}
	for _, b := range report.Broken {
		f, err := shrunk(ctx, &p.problem, p.target, p.given, b)
		if err != nil {
			return nil, err
		}
		if err := c.keep(&f); err != nil {
			return nil, err
		}
		one.Found = append(one.Found, f)
	}
	return one, nil
}

// shrunk makes a schedule small and tells it.
func shrunk(ctx context.Context, p *explore.Problem, target string, given *recording.Given, b explore.Broken) (Found, error) {
	small, err := explore.Shrink(ctx, *p, b, shrinkTries)
	if err != nil {
		return Found{}, err
	}
	run, err := explore.Replay(&small.Problem, small.Schedule)
	if err != nil {
		return Found{}, err
	}
	defer run.Close()
	rec, err := explore.Record(&small.Problem, target, b.Promise, small.Schedule, run)
	if err != nil {
		return Found{}, err
	}
	rec.Says, rec.Given = small.Broken.Says, given.ConfigSum()
	f := Found{
		Promise: b.Promise, Says: rec.Says, Outcome: rec.Outcome, Steps: len(small.Schedule), Switches: small.Schedule.Switches(),
		Least: small.Least,
	}
	for _, q := range p.Promises {
		if q.Name == b.Promise {
			f.Sentence = q.Says
		}
	}
	if f.Token, err = rec.Word(); err != nil {
		return Found{}, err
	}
	var prose, chart strings.Builder
	if err := explore.Tell(&prose, run); err != nil {
		return Found{}, err
	}
	if err := explore.Chart(&chart, run); err != nil {
		return Found{}, err
	}
	f.Prose, f.Chart = split(prose.String()), split(chart.String())
	var file bytes.Buffer
	if err := rec.WriteTrace(&file, run, given); err != nil {
		return Found{}, err
	}
	f.file = file.Bytes()
	return f, nil
}

func split(text string) []string { return strings.Split(strings.Trim(text, "\n"), "\n") }
