package main

import (
	"context"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/trace"
)

// findScenarios finds scenarios by names, patterns and paths, and looks that
// their lines are lines of verbs.
func findScenarios(words []string) ([]*scenario.Scenario, error) {
	var list []*scenario.Scenario
	for _, w := range words {
		found, err := scenario.Find(w)
		if err != nil {
			return nil, &ops.UsageError{Verb: "run", Msg: err.Error(), Hint: nearScenario(w)}
		}
		list = append(list, found...)
	}
	for _, s := range list {
		if err := ops.CheckScenario(s); err != nil {
			return nil, &ops.UsageError{Verb: "run", Msg: err.Error(), Hint: "the format is described in docs/scenarios.md"}
		}
	}
	return list, nil
}

// nearScenario says what a mistyped name could have meant, or where the names
// are.
func nearScenario(word string) string {
	if near := ops.NearScenarios(word); near != "" {
		return near
	}
	return "kmodsh scenario list shows the library"
}

// scenarioTarget is the target on which a scenario is stepped when none is
// named: the last simulated one of its list, which is the newest.
func scenarioTarget(name string) string {
	found, err := scenario.Find(name)
	if err != nil {
		return "sim" // setting it up tells of the error
	}
	if list := found[0].TargetsFor(""); len(list) > 0 {
		return list[len(list)-1]
	}
	return "sim"
}

// judgedAs names the targets by which scenarios judge a kernel of one's own: the
// series that was named, as vm:6.12, or the newest that it is not older than.
// All of them open that kernel.
func (p *program) judgedAs(on []string) ([]string, error) {
	open := p.session.OpenTarget
	p.session.OpenTarget = func(ctx context.Context, name string, progress ops.Progress) (kernel.Target, error) {
		if strings.HasPrefix(name, "vm:") {
			name = "vm"
		}
		return open(ctx, name, progress)
	}
	if len(on) > 0 && !slices.Contains(on, "vm") {
		return on, nil
	}
	k, err := lab.KernelFromPath(p.Kernel, p.Modules)
	if err != nil {
		return nil, &ops.OpenError{Target: "vm", Err: err}
	}
	series := preferred()
	slices.SortFunc(series, func(a, b string) int {
		if trace.Newer(a, b) {
			return 1
		}
		return -1
	})
	best := series[0]
	for _, v := range series {
		if !trace.Newer(v, seriesOf(k.Release)) {
			best = v
		}
	}
	return append(slices.DeleteFunc(slices.Clone(on), func(w string) bool { return w == "vm" }), "vm:"+best), nil
}

// seriesOf is the "6.12" of the release 6.12.117-mine.
func seriesOf(release string) string {
	parts := strings.SplitN(release, ".", 3)
	if len(parts) < 2 {
		return release
	}
	minor, _, _ := strings.Cut(parts[1], "-")
	return parts[0] + "." + minor
}
