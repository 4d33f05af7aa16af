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

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

const runUsage = "usage: kmodsh run [--on TARGET]... [--kernel PATH [--modules DIR]] [--faults FILE] [--table FILE] [--echo] [-j N] SCENARIO..."

// errNotAsExpected ends the program with the status of a failure; what failed
// is in the report.
var errNotAsExpected = errors.New("not all is as expected")

// errNotAvailable ends it with the status that git bisect run skips on.
var errNotAvailable = errors.New("not available")

// runFlags are the words of run.
type runFlags struct {
	On        []string `sep:"none"`
	Kernel    string
	Modules   string
	Faults    string
	Table     string
	Echo      bool
	Jobs      int      `short:"j" default:"1"`
	Scenarios []string `arg:"" name:"scenario"`
}

// runScenarios runs scenarios and writes the report on standard output.
func (p *program) runScenarios(ctx context.Context, args []string) error {
	var g runFlags
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
