package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/sim"
)

// isLive says whether the search is of a target through its debugger alone,
// from stop to stop: of a real kernel, or because it was asked for.
func (c *exploreCommand) isLive(s *Session) bool {
	if c.Stops {
		return true
	}
	if c.On != "" {
		return !kernel.IsSim(c.On)
	}
	t := s.Target()
	_, isSim := t.(simulated)
	return c.Scenario == "" && t != nil && !isSim
}

// live searches the schedules of a target by going back to earlier positions.
func (c *exploreCommand) live(limited, ctx context.Context, s *Session, o explore.Options) (Result, error) {
	if o.Strategy != explore.Exhaustive || c.Resume != "" {
		return nil, &UsageError{Msg: "a target that is searched from stop to stop takes neither --strategy nor --resume"}
	}
	res := &ExploreResult{Searches: []*Search{}, NotSearched: []string{}}
	if c.Scenario == "" {
		one, err := c.livePresent(limited, ctx, s, o)
		if one != nil {
			res.Searches = append(res.Searches, one)
		}
		return res, errors.Join(err, ctx.Err(), res.err())
	}
	sc, err := oneScenario(c.Scenario)
	if err != nil {
		return nil, err
	}
	on := c.On
	if on == "" || on == "sim" {
		if on, err = c.target(s, sc); err != nil {
			return nil, err
		}
	}
	var done []string // the set-ups that were searched
	for _, part := range casesFor(sc, asTarget(sc, on)(versionOf(on)), c.Case) {
		name := sc.Name
		if part.Name != "" {
			name += ": " + part.Name
		}
		if limited.Err() != nil || len(res.broken()) > 0 && !c.All {
			res.NotSearched = append(res.NotSearched, name)
			continue
		}
		one, key, err := c.liveCase(limited, ctx, s, sc, part, on, o, done)
		if errors.Is(err, errNoThread) && len(sc.Cases) > 1 {
			continue // other cases may have threads
		}
		if one != nil {
			res.Searches = append(res.Searches, one)
		}
		done = append(done, key)
		if err != nil {
			return res, err
		}
	}
	if len(res.Searches) == 0 && len(res.NotSearched) == 0 {
		return nil, &UsageError{Msg: fmt.Sprintf("%s has no case to search on %s%s", c.Scenario, on, called(c.Case))}
	}
	return res, errors.Join(ctx.Err(), res.err())
}

// versionOf is the version in a target's name, "" where there is none.
func versionOf(target string) string {
	_, spec, _ := strings.Cut(target, ":")
	spec, _, _ = strings.Cut(spec, ",")
	return strings.TrimPrefix(spec, "v")
}

// asTarget names the target by which lines of a scenario are chosen that is run
// on another than it lists: the simulated kernel that is like it.
func asTarget(sc *scenario.Scenario, on string) func(version string) string {
	return func(version string) string {
		if len(sc.TargetsFor(on)) > 0 && strings.Contains(on, ":") {
			return on
		}
		return "sim:" + profileLike(version)
	}
}

// profileLike is the newest profile that is not newer than a kernel, the newest
// of all where its version is not known.
func profileLike(version string) string {
	best := ""
	for _, p := range sim.Profiles() {
		if v := strings.TrimPrefix(p.Name, "v"); best == "" || version == "" || !newer(v, version) {
			best = p.Name
		}
	}
	return best
}

// liveCase searches one case, unless one with the same set-up was.
func (c *exploreCommand) liveCase(limited, ctx context.Context, s *Session, sc *scenario.Scenario, part scenario.Case, on string, o explore.Options, done []string) (one *Search, key string, err error) {
	g, err := s.stage(ctx, on, asTarget(sc, on), sc, part, c)
	if err != nil {
		return nil, "", err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	key = strings.Join(g.setup, "\n")
	if slices.Contains(done, key) {
		return nil, key, nil
	}
	var oracle *stage
	if c.Oracle != "none" {
		profile := c.Oracle
		if profile == "" {
			profile = profileLike(g.kernel)
		}
		name := "sim:" + strings.TrimPrefix(profile, "sim:")
		as := asTarget(sc, on)(g.kernel)
		if oracle, err = s.stageLike(ctx, name, g.d, func(string) string { return as }, sc, part, c); err != nil {
			return nil, key, fmt.Errorf("the oracle: %w", err)
		}
		defer func() { err = errors.Join(err, oracle.Close()) }()
	}
	one, err = c.searchLive(limited, ctx, s, g, oracle, o)
	return one, key, err
}

// livePresent searches from the present state of the session's target.
func (c *exploreCommand) livePresent(limited, ctx context.Context, s *Session, o explore.Options) (*Search, error) {
	if err := s.openNamed(ctx, c.On); err != nil {
		return nil, err
	}
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(snap.Threads, func(t kernel.ThreadState) bool { return !t.Done }) {
		return nil, fmt.Errorf("session %w", errNoThread)
	}
	g := &stage{kernel: snap.Kernel, d: d, session: s, name: "session", setup: []string{}, leftOut: []LeftOut{}}
	s.withDebug(func(st *debugState) {
		for _, p := range st.promises {
			g.promises = append(g.promises, p.name)
		}
	})
	s.changing(d)
	return c.searchLive(limited, ctx, s, g, nil, o)
}

// searchLive searches what was set up, and tells of what it found.
func (c *exploreCommand) searchLive(limited, ctx context.Context, s *Session, g, oracle *stage, o explore.Options) (*Search, error) {
	promises := g.promises
	if len(c.Promise) > 0 {
		promises = c.Promise
	}
	asked, err := livePromises(promises)
	if err != nil {
		return nil, err
	}
	p := explore.Live{
		Name: g.name, Target: g.d, Points: commonPoints(g), Promises: asked,
		Progress: func(schedules, moves int64) { s.Progress(fmt.Sprintf("%d moves, schedules", moves), schedules, 0) },
	}
	if oracle != nil {
		p.Points = commonPoints(g, oracle)
		p.Oracle, _ = oracle.d.(explore.Oracle)
	}
	if k, ok := g.d.(kernel.Keeper); ok {
		p.Keep = k.Keep
	}
	report, err := explore.SearchDebugger(limited, p, o)
	if err != nil && limited.Err() == nil || report == nil {
		return nil, err
	}
	one := &Search{Target: g.d.Name(), Setup: g.setup, LeftOut: g.leftOut, Promises: []string{}, Report: report.Report, Found: []Found{}}
	one.Live = &LiveSearch{Foretold: report.Foretold, Again: report.Again, Pointed: len(report.Pointed), Strayed: report.Strayed}
	for _, q := range asked {
		one.Promises = append(one.Promises, q.Name)
	}
	if oracle != nil {
		one.Live.Oracle = oracle.d.Name()
	}
	for _, v := range report.Violations {
		f, err := c.foundLive(ctx, &v, g, oracle, asked)
		if err != nil {
			return one, err
		}
		one.Found = append(one.Found, f)
	}
	return one, nil
}
