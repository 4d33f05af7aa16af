package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/sim"
)

// simulated is what a search and a replay need of a target: a kernel whose
// past is a list of actions that can be done again.
type simulated interface {
	kernel.Debugger
	Past() (*sim.System, sim.Profile, []sim.Action, error)
	Take(*sim.Run) error
}

// notSearchable says why a target is none, and which is.
func notSearchable(name string) error {
	return &kernel.UnsupportedError{
		Target: name, Op: opExplore, Try: []string{"sim:v6.12"},
		Why: "threads of a real kernel stop at points only where the test driver is loaded, and it is not",
	}
}

// searched is one problem with where it comes from.
type searched struct {
	problem explore.Problem
	target  string
	given   *recording.Given // to the target, besides its name
	setup   []string         // the lines that were done, as written
	leftOut []LeftOut        // those that were not
}

func (p *searched) names() []string {
	var list []string
	for _, q := range p.problem.Promises {
		list = append(list, q.Name)
	}
	return list
}

// spawned is how many threads there are to begin with.
func (p *searched) spawned() int {
	n := 0
	for _, a := range p.problem.Setup {
		if a.Kind == sim.DoSpawn {
			n++
		}
	}
	return n
}

// searches makes the problems that the words ask for.
func (c *exploreCommand) searches(ctx context.Context, s *Session) ([]searched, error) {
	if c.Scenario != "" {
		return c.cases(ctx, s)
	}
	if err := s.openNamed(ctx, c.On); err != nil {
		return nil, err
	}
	t := s.Target()
	if t == nil {
		return nil, ErrNoTarget
	}
	d, ok := t.(simulated)
	if !ok {
		return nil, notSearchable(t.Name())
	}
	var promises []string
	s.withDebug(func(st *debugState) {
		for _, p := range st.promises {
			promises = append(promises, p.name)
		}
	})
	p := searched{target: t.Name(), given: givenTo(t), setup: []string{}, leftOut: []LeftOut{}}
	if c.Policy != "" {
		s.changing(d)
		if err := d.Set(ctx, "policy="+c.Policy); err != nil {
			return nil, err
		}
	}
	if err := c.complete(&p, d, "session", promises); err != nil {
		return nil, err
	}
	return []searched{p}, nil
}

// complete fills in what a problem takes from a target that is set up.
func (c *exploreCommand) complete(p *searched, d simulated, name string, promises []string) (err error) {
	p.problem.Name = name
	if p.problem.System, p.problem.Profile, p.problem.Setup, err = d.Past(); err != nil {
		return err
	}
	if p.spawned() == 0 {
		return fmt.Errorf("%s %w", name, errNoThread)
	}
	if len(c.Promise) > 0 {
		promises = c.Promise
	}
	if len(promises) == 0 {
		p.problem.Promises = explore.Promises()
		return nil
	}
	for _, text := range promises {
		q, err := promiseOf(text)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(p.problem.Promises, func(o explore.Promise) bool { return o.Name == q.Name }) {
			p.problem.Promises = append(p.problem.Promises, q)
		}
	}
	return nil
}

// promiseOf reads the name of a promise or a condition of one's own.
func promiseOf(text string) (p explore.Promise, err error) {
	if list, err := explore.PromiseByName(text); err == nil {
		return list[0], nil
	}
	cond, err := condition.CompilePromise(text)
	if err != nil {
		return p, err
	}
	for _, name := range []string{"saw", "believed", "log", "reports"} {
		if cond.Mentions(name) {
			return p, &UsageError{Msg: fmt.Sprintf("a search cannot ask %s: it keeps no events and no log", name)}
		}
	}
	return explore.Watch(text, "The condition "+text+" holds at every step.", looksOf(cond), func(snap *kernel.Snapshot) string {
		switch holds, err := cond.Holds(snap); {
		case err != nil:
			return err.Error()
		case holds:
			return ""
		}
		var parts []string
		for _, v := range cond.Explain(snap) {
			parts = append(parts, v.Text+" = "+v.Value)
		}
		return "it does not hold: " + strings.Join(parts, "; ")
	}), nil
}

// looksOf is what a condition looks at, nil where that is not known.
func looksOf(cond *condition.Condition) *explore.Looks {
	l := cond.Looks()
	if l.Else {
		return nil
	}
	return &explore.Looks{
		States: l.States, Refs: l.Refs, Sysfs: l.Sysfs, Threads: l.Threads, AllThreads: l.AllThreads,
		Stands: l.Stands, Permits: l.Permits,
	}
}

// cases makes a problem of each case of a scenario.
func (c *exploreCommand) cases(ctx context.Context, s *Session) ([]searched, error) {
	found, err := scenario.Find(c.Scenario)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%s are %d scenarios: one at a time", c.Scenario, len(found))
	}
	if err != nil {
		return nil, &UsageError{Msg: err.Error()}
	}
	sc := found[0]
	if err := CheckScenario(sc); err != nil {
		return nil, &UsageError{Msg: err.Error()}
	}
	target, err := c.target(s, sc)
	if err != nil {
		return nil, err
	}
	parts := sc.Cases
	if len(parts) == 0 {
		parts = []scenario.Case{{}}
	}
	var list []searched
	seen := map[string]bool{}
	for _, part := range parts {
		name := sc.Name
		if part.Name != "" {
			name += ": " + part.Name
		}
		if !scenario.For(part.Only, target) || !strings.Contains(part.Name, c.Case) {
			continue
		}
		p, err := c.setUp(ctx, s, sc, part, target, name)
		if errors.Is(err, errNoThread) && len(parts) > 1 {
			continue // other cases may have threads
		}
		if err != nil {
			return nil, err
		}
		same := p.problem
		same.Name = ""
		key := fmt.Sprint(same.Fingerprint(), p.names())
		if !seen[key] {
			list = append(list, p)
		}
		seen[key] = true
	}
	if len(list) == 0 {
		return nil, &UsageError{Msg: fmt.Sprintf("%s has no case to search on %s%s", c.Scenario, target, called(c.Case))}
	}
	return list, nil
}

func called(name string) string {
	if name == "" {
		return ""
	}
	return " with " + quoteShort(name) + " in its name"
}

// target chooses the target for a scenario.
func (c *exploreCommand) target(s *Session, sc *scenario.Scenario) (string, error) {
	if c.On != "" && !kernel.IsSim(c.On) {
		return "", notSearchable(c.On)
	}
	if t, ok := s.Target().(simulated); ok && c.On == "" && len(sc.TargetsFor(t.Name())) > 0 {
		return t.Name(), nil
	}
	fit := sc.TargetsFor(c.On)
	if len(fit) == 0 {
		return "", &UsageError{Msg: fmt.Sprintf("%s is for %s", sc.Name, strings.Join(sc.Targets, " "))}
	}
	return fit[len(fit)-1], nil
}

// setUp does the lines of a case that make the world, on a target of its own.
func (c *exploreCommand) setUp(ctx context.Context, s *Session, sc *scenario.Scenario, part scenario.Case, target, name string) (p searched, err error) {
	own, err := s.child(ctx, target)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	d, ok := own.Target().(simulated)
	if !ok {
		return p, notSearchable(target)
	}
	p = searched{target: target, given: givenTo(d), setup: []string{}, leftOut: []LeftOut{}}
	promises := slices.Clone(sc.Promises)
	if c.Policy != "" {
		if err := d.Set(ctx, "policy="+c.Policy); err != nil {
			return p, err
		}
		p.setup = append(p.setup, "policy "+c.Policy)
	}
	sort := sorting{c: c}
	for _, l := range slices.Concat(sc.Lines, part.Lines) {
		if !scenario.For(l.Only, target) {
			continue
		}
		switch why := sort.line(l); why {
		case "":
			_, err := (&lineRunner{s: own}).Run(ctx, l.Text)
			if (err != nil) != l.Fails {
				return p, fmt.Errorf("%s:%d: %s: %w", sc.Name, l.N, l, errors.Join(err, errSetUp))
			}
			p.setup = append(p.setup, l.String())
		case whyPromise:
			_, text, _ := strings.Cut(l.Text, " ")
			promises = append(promises, strings.TrimSpace(text))
		default:
			p.leftOut = append(p.leftOut, LeftOut{Line: l.N, Text: l.String(), Why: why})
		}
	}
	return p, c.complete(&p, d, name, promises)
}

// errNoThread says that a search has nothing to try.
var errNoThread = errors.New("spawns no thread: there is nothing to search; spawn makes one")

var errSetUp = errors.New("the set-up of the search does not come about")
