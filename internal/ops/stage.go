package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/sim"
)

// stage is a target of its own on which a case of a scenario has been set up:
// its threads are spawned and have not moved.
type stage struct {
	session  *Session
	d        kernel.Debugger
	kernel   string    // its version
	name     string    // of the scenario and the case
	setup    []string  // the lines that were done, as written
	leftOut  []LeftOut // those that were not
	promises []string  // the scenario's
}

// Close lets the target go.
func (g *stage) Close() error { return g.session.Close() }

// oneScenario finds the one scenario that a word stands for.
func oneScenario(word string) (*scenario.Scenario, error) {
	found, err := scenario.Find(word)
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%s are %d scenarios: one at a time", word, len(found))
	}
	if err == nil {
		err = CheckScenario(found[0])
	}
	if err != nil {
		return nil, &UsageError{Msg: err.Error(), Hint: "kmodsh scenario list shows the library"}
	}
	return found[0], nil
}

// casesFor returns the cases of a scenario that are for a target and have text
// in their names; a scenario without cases is one without a name.
func casesFor(sc *scenario.Scenario, target, text string) []scenario.Case {
	parts := sc.Cases
	if len(parts) == 0 {
		parts = []scenario.Case{{}}
	}
	return slices.DeleteFunc(slices.Clone(parts), func(c scenario.Case) bool {
		return !scenario.For(c.Only, target) || !strings.Contains(c.Name, text)
	})
}

// childLike is child that gives a simulated kernel the module tree of a target
// that is none, so that both load the same files.
func (s *Session) childLike(ctx context.Context, target string, like kernel.Debugger) (*Session, error) {
	profile, isSim := strings.CutPrefix(target, "sim:")
	if _, both := like.(simulated); !isSim || both || like == nil {
		return s.child(ctx, target)
	}
	tree, err := like.Tree()
	if err != nil || tree.FS != nil {
		return s.child(ctx, target)
	}
	t, err := sim.OpenTree(profile, tree.Dir, tree.Config...)
	if err != nil {
		return nil, &OpenError{Target: target + " with the modules of " + like.Name(), Err: err}
	}
	own := New()
	own.OpenTarget, own.Progress, own.Yes, own.passed = s.OpenTarget, s.Progress, s.Yes, s.passed
	own.SetTarget(t)
	return own, nil
}

// stage opens a target and does the lines of a case that make its world. as
// names the target by which lines with a list of targets are chosen; it is told
// the version of the kernel.
func (s *Session) stage(ctx context.Context, target string, as func(version string) string, sc *scenario.Scenario, part scenario.Case, words *exploreCommand) (g *stage, err error) {
	return s.stageLike(ctx, target, nil, as, sc, part, words)
}

// stageLike is stage with the modules of another target.
func (s *Session) stageLike(ctx context.Context, target string, like kernel.Debugger, as func(version string) string, sc *scenario.Scenario, part scenario.Case, words *exploreCommand) (g *stage, err error) {
	own, err := s.childLike(ctx, target, like)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, own.Close())
			g = nil
		}
	}()
	d, err := own.debugger()
	if err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	called := as(snap.Kernel)
	g = &stage{kernel: snap.Kernel, session: own, d: d, name: sc.Name, setup: []string{}, leftOut: []LeftOut{}, promises: slices.Clone(sc.Promises)}
	if part.Name != "" {
		g.name += ": " + part.Name
	}
	do := func(l scenario.Line) error {
		_, err := (&lineRunner{s: own}).Run(ctx, l.Text)
		if (err != nil) != l.Fails {
			return fmt.Errorf("%s:%d: %s: %w", sc.Name, l.N, l, errors.Join(err, errSetUp))
		}
		g.setup = append(g.setup, l.String())
		return nil
	}
	if words.Policy != "" {
		if err := do(scenario.Line{Text: "policy " + words.Policy}); err != nil {
			return nil, err
		}
	}
	sort := sorting{c: words}
	for _, l := range slices.Concat(sc.Lines, part.Lines) {
		if !scenario.For(l.Only, called) {
			continue
		}
		switch why := sort.line(l); why {
		case "":
			if err := do(l); err != nil {
				return nil, err
			}
		case whyPromise:
			_, text, _ := strings.Cut(l.Text, " ")
			g.promises = append(g.promises, strings.TrimSpace(text))
		default:
			g.leftOut = append(g.leftOut, LeftOut{Line: l.N, Text: l.String(), Why: why})
		}
	}
	if !sort.spawned {
		return nil, fmt.Errorf("%s %w", g.name, errNoThread)
	}
	return g, nil
}
