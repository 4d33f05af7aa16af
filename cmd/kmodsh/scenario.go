package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/trace"
)

const runUsage = "usage: kmodsh run [--on TARGET]... [--kernel PATH [--modules DIR]] [--faults FILE] [--table FILE] [--echo] [-j N] SCENARIO..."

// errNotAsExpected ends the program with the status of a failure; what failed
// is in the report.
var errNotAsExpected = errors.New("not all is as expected")

// errNotAvailable ends it with the status that git bisect run skips on.
var errNotAvailable = errors.New("not available")

// runScenarios runs scenarios and writes the report on standard output.
func (p *program) runScenarios(ctx context.Context, args []string) error {
	var g struct {
		On        []string `sep:"none"`
		Kernel    string
		Modules   string
		Faults    string
		Table     string
		Echo      bool
		Jobs      int      `short:"j" default:"1"`
		Scenarios []string `arg:"" name:"scenario"`
	}
	if slices.Contains(args, "-h") || slices.Contains(args, "--help") {
		_, err := fmt.Println(runUsage)
		return err
	}
	if err := parse("run", &g, args, runUsage); err != nil {
		return err
	}
	if g.Kernel != "" {
		p.Kernel = g.Kernel
	}
	if g.Modules != "" {
		p.Modules = g.Modules
	}
	if p.Modules != "" && p.Kernel == "" {
		return &ops.UsageError{Verb: "run", Msg: "--modules goes with --kernel"}
	}
	if p.On != "" {
		g.On = append([]string{p.On}, g.On...)
	}
	list, err := findScenarios(g.Scenarios)
	if err != nil {
		return err
	}
	if p.Kernel != "" {
		if g.On, err = p.judgedAs(g.On); err != nil {
			return err
		}
	}
	o := scenario.Options{On: g.On, Echo: g.Echo}
	if g.Faults != "" {
		plan, err := ops.ReadFaultPlan(g.Faults)
		if err != nil {
			return err
		}
		o.Before = plan.Lines()
	}
	var table *scenario.Table
	if g.Table != "" {
		if table, err = scenario.OpenTable(g.Table); err != nil {
			return &ops.UsageError{Verb: "run", Msg: err.Error()}
		}
	}
	if g.Jobs < 1 || g.Jobs > maxJobs {
		return &ops.UsageError{Verb: "run", Msg: fmt.Sprintf("-j %d: 1 to %d scenarios can run at once", g.Jobs, maxJobs)}
	}
	p.stepped = true
	add := p.reporter(len(list))
	failed, judged, absent := 0, false, ""
	for res := range p.results(ctx, list, g.Jobs, o) {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		if err := add(res); err != nil {
			return fmt.Errorf("writing the report: %w", err)
		}
		table.Add(res)
		judged = judged || res.Verdict == scenario.Passed
		switch res.Verdict {
		case scenario.Failed:
			failed++
		case scenario.Absent:
			absent = res.Why
		}
	}
	if table != nil {
		if err := table.Save(g.Table); err != nil {
			return err
		}
	}
	switch {
	case failed > 0:
		return fmt.Errorf("%d of %d scenarios: %w", failed, len(list), errNotAsExpected)
	case absent != "":
		return &ops.OpenError{Target: strings.Join(g.On, " "), Err: fmt.Errorf("%w: %s", errNotAvailable, absent)}
	case p.Kernel != "" && !judged: // a bisection must not take it for good
		return &ops.OpenError{Target: strings.Join(g.On, " "), Err: fmt.Errorf("%w: nothing of it could be tried", errNotAvailable)}
	}
	return nil
}

// maxJobs bounds how many scenarios run at once: a machine takes half a gigabyte.
const maxJobs = 64

// results runs scenarios, some at once, and yields what became of them in their
// order.
func (p *program) results(ctx context.Context, list []*scenario.Scenario, jobs int, o scenario.Options) iter.Seq[scenario.Result] {
	var mu sync.Mutex
	if tell := p.session.Progress; tell != nil && jobs > 1 {
		p.session.Progress = func(what string, done, total int64) {
			mu.Lock()
			defer mu.Unlock()
			tell(what, done, total)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	free := make(chan struct{}, jobs)
	done := make([]chan scenario.Result, len(list))
	for i := range list {
		done[i] = make(chan scenario.Result, 1)
	}
	go func() {
		for i, s := range list {
			free <- struct{}{}
			go func() {
				done[i] <- s.Run(ctx, p.session.OpenRunner, o)
				<-free
			}()
		}
	}()
	return func(yield func(scenario.Result) bool) {
		defer cancel()
		for i, c := range done {
			if !yield(<-c) {
				cancel()
				for _, c := range done[i+1:] {
					<-c // nothing runs on behind the program's back
				}
				return
			}
		}
	}
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

// reporter returns what writes the results of count scenarios: as KTAP, or as
// one line of JSON each.
func (p *program) reporter(count int) func(scenario.Result) error {
	if !p.JSON {
		return scenario.NewReport(os.Stdout, count).Add
	}
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	return func(r scenario.Result) error { return e.Encode(r) }
}

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

// setUpScenario makes the scenario of the flags ready to step.
func (p *program) setUpScenario(ctx context.Context) error {
	if p.Scenario == "" {
		return nil
	}
	res, err := p.session.Exec(ctx, []string{"setup", p.Scenario})
	if err == nil && !p.onScreen {
		err = ops.Write(os.Stdout, res, p.JSON, p.front.OutStyle)
	}
	return err
}

const scenarioUsage = "usage: kmodsh scenario list [PATTERN] | show NAME | new [--lesson] FILE"

// scenario shows the library, or begins a new scenario.
func (p *program) scenario(args []string) error {
	wrong := func(msg string) error { return &ops.UsageError{Verb: "scenario", Msg: msg, Hint: scenarioUsage} }
	if len(args) == 0 {
		return wrong("list, show or new?")
	}
	switch what, rest := args[0], args[1:]; {
	case what == "list" && len(rest) <= 1:
		return p.listScenarios(append(rest, "*/*")[0])
	case what == "show" && len(rest) == 1:
		text, err := scenario.Text(rest[0])
		if err != nil {
			return &ops.UsageError{Verb: "scenario", Msg: err.Error(), Hint: nearScenario(rest[0])}
		}
		_, err = fmt.Print(text)
		return err
	case what == "new" && len(rest) == 1:
		return newScenario(rest[0], scenario.Template, "run it: kmodsh run")
	case what == "new" && len(rest) == 2 && slices.Contains(rest, "--lesson"):
		rest = slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return w == "--lesson" })
		if len(rest) == 1 {
			return newScenario(rest[0], scenario.LessonTemplate, "take it: kmodsh tour")
		}
	}
	return wrong("list, show NAME or new FILE?")
}

func (p *program) listScenarios(pattern string) error {
	list, err := scenario.Find(pattern)
	if err != nil {
		return &ops.UsageError{Verb: "scenario", Msg: err.Error(), Hint: scenarioUsage}
	}
	r := &ops.ScenariosResult{}
	for _, s := range list {
		r.Scenarios = append(r.Scenarios, ops.ScenarioRow{Name: s.Name, Title: s.Title, Targets: s.Targets})
	}
	return ops.Write(os.Stdout, r, p.JSON, p.front.OutStyle)
}

// newScenario writes a template to a file that is not there yet.
func newScenario(name, template, hint string) error {
	if !strings.HasSuffix(name, scenario.Suffix) {
		name += scenario.Suffix
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("new scenario: %w", err)
	}
	_, err = f.WriteString(template)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		_, err = fmt.Printf("%s\n%s %s\n", name, hint, name)
	}
	return err
}
