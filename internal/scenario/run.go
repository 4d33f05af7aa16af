package scenario

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Runner runs the lines of a scenario on one target.
type Runner interface {
	// Run runs one line, a verb with its arguments, and returns what a person
	// would see of it. An error that is a Diagnosis says more.
	Run(ctx context.Context, line string) (shown string, err error)
	// Close lets the target go.
	Close() error
}

// Preparer is implemented by runners that want to know what is to come.
type Preparer interface {
	// Prepare is called once, before the first line.
	Prepare(lines []string)
}

// Expecter is implemented by runners that watch what a kernel reports in its log.
type Expecter interface {
	// Expects is called once, before the first line: reports with one of these
	// texts in them belong to what is shown.
	Expects(reports []string)
}

// Open opens a target for a Runner, freshly booted. Its error means that the
// target is not available.
type Open func(ctx context.Context, target string) (Runner, error)

// Diagnosis is implemented by errors that can say what was expected and what
// was found, one thing on a line.
type Diagnosis interface {
	error
	Diagnose() (expected string, got []string)
}

// Unavailable is implemented by errors that say the target cannot do what a
// line asks.
type Unavailable interface {
	error
	Unavailable() bool
}

// Sick is implemented by errors that say the kernel under test reported trouble
// while a line was done: also a line that was to fail has then failed wrongly. Of
// Open, that it did not come up.
type Sick interface {
	Diagnosis
	Sick() bool
}

// Verdict is the outcome of a case, a target or a scenario.
type Verdict string

// The verdicts, in the order of their weight.
const (
	Passed  Verdict = "ok"
	Skipped Verdict = "skipped" // nothing of it is for the target, or the target cannot do it
	Absent  Verdict = "absent"  // the target is not available
	Failed  Verdict = "not ok"
)

// Result is what became of a case on a target; with Parts, of several.
type Result struct {
	Name    string   `json:"name"`
	Verdict Verdict  `json:"verdict"`
	Why     string   `json:"why,omitempty"`   // of a skip or an absence
	Notes   []string `json:"notes,omitempty"` // the failing line, expected, got
	Parts   []Result `json:"parts,omitempty"`
	// Elsewhere says that what was skipped is for other targets.
	Elsewhere bool `json:"elsewhere,omitempty"`
}

// Options say how scenarios are run.
type Options struct {
	// On are the targets that were asked for; none: the simulated ones.
	On []string
	// Before are lines that come before each case, such as faults to be put in
	// force.
	Before []string
	// Echo notes every line and what it showed.
	Echo bool
}

// Run runs a scenario on the targets asked for: one part for each.
func (s *Scenario) Run(ctx context.Context, open Open, o Options) Result {
	r := Result{Name: s.Name}
	on := o.On
	if len(on) == 0 {
		on = []string{""}
	}
	for _, want := range on {
		targets := s.TargetsFor(want)
		if len(targets) == 0 {
			name := want
			if name == "" {
				name = "sim"
			}
			r.Parts = append(r.Parts, Result{Name: name, Verdict: Skipped, Elsewhere: true, Why: "the scenario is for " + strings.Join(s.Targets, " ")})
		}
		for _, t := range targets {
			r.Parts = append(r.Parts, s.runOn(ctx, open, t, o))
		}
	}
	r.sum()
	return r
}

// sum gives the whole the verdict of its parts.
func (r *Result) sum() {
	r.Verdict = Skipped
	for _, p := range r.Parts {
		switch {
		case p.Verdict == Failed:
			r.Verdict = Failed
		case p.Verdict == Absent && r.Verdict != Failed:
			r.Verdict, r.Why = Absent, p.Why
		case p.Verdict == Passed && r.Verdict == Skipped:
			r.Verdict = Passed
		}
	}
	if r.Verdict == Skipped && len(r.Parts) > 0 {
		r.Why = r.Parts[0].Why
	}
}

func (s *Scenario) runOn(ctx context.Context, open Open, target string, o Options) Result {
	if len(s.Cases) == 0 {
		r := s.runLines(ctx, open, target, s.Lines, o)
		r.Name = target
		return r
	}
	r := Result{Name: target}
	for _, c := range s.Cases {
		part := Result{Verdict: Skipped, Elsewhere: true, Why: "the case is for " + strings.Join(c.Only, " ")}
		if For(c.Only, target) {
			part = s.runLines(ctx, open, target, append(s.Lines[:len(s.Lines):len(s.Lines)], c.Lines...), o)
		}
		part.Name = c.Name
		r.Parts = append(r.Parts, part)
	}
	r.sum()
	return r
}

// runLines runs a script on a fresh target.
func (s *Scenario) runLines(ctx context.Context, open Open, target string, lines []Line, o Options) (r Result) {
	for _, l := range lines {
		if why, ok := l.Skip(); ok && For(l.Only, target) {
			return Result{Verdict: Skipped, Why: why}
		}
	}
	runner, err := open(ctx, target)
	var sick Sick
	if errors.As(err, &sick) && sick.Sick() {
		// A kernel that does not come up may be good or bad at what is asked
		// here: a bisection has to pass over it, with its last words.
		return Result{Verdict: Absent, Why: oneLine(err), Notes: s.notes(Line{Text: "opening " + target}, err)}
	}
	if err != nil {
		return Result{Verdict: Absent, Why: oneLine(err)}
	}
	defer func() {
		if err := runner.Close(); err != nil && r.Verdict == Passed {
			r.Verdict, r.Notes = Failed, append(r.Notes, "closing the target: "+oneLine(err))
		}
	}()
	script := make([]Line, 0, len(o.Before)+len(lines)+len(s.Promises))
	for _, text := range o.Before {
		script = append(script, Line{Text: text})
	}
	for _, p := range s.Promises {
		script = append(script, Line{Text: "promise " + p})
	}
	script = append(script, lines...)
	if p, ok := runner.(Preparer); ok {
		var texts []string
		for _, l := range script {
			if For(l.Only, target) {
				texts = append(texts, l.Text)
			}
		}
		p.Prepare(texts)
	}
	if e, ok := runner.(Expecter); ok {
		e.Expects(s.Reports)
	}
	done := 0
	for _, l := range script {
		if _, ok := l.Skip(); ok || !For(l.Only, target) {
			continue
		}
		done++
		shown, err := runner.Run(ctx, l.Text)
		if o.Echo {
			r.echo(l, shown)
		}
		var cannot Unavailable
		if errors.As(err, &cannot) && cannot.Unavailable() {
			r.Verdict, r.Why = Skipped, oneLine(err)
			return r
		}
		var sick Sick
		if (err != nil) != l.Fails || errors.As(err, &sick) && sick.Sick() {
			r.Verdict = Failed
			r.Notes = append(r.Notes, s.notes(l, err)...)
			return r
		}
	}
	if r.Verdict = Passed; done <= len(o.Before) {
		r.Verdict, r.Why = Skipped, "no line is for the target"
	}
	return r
}

// notes tells of a line that did not do what it should.
func (s *Scenario) notes(l Line, err error) []string {
	notes := []string{fmt.Sprintf("%s:%d: %s", s.Name, l.N, l)}
	var d Diagnosis
	switch {
	case err == nil:
		notes = append(notes, "expected: the verb fails", "got: it did not")
	case errors.As(err, &d):
		expected, got := d.Diagnose()
		notes = append(notes, "expected: "+expected)
		for _, g := range got {
			notes = append(notes, "got: "+g)
		}
	default:
		notes = append(notes, strings.Split("error: "+strings.TrimSpace(err.Error()), "\n")...)
	}
	return notes
}

func (r *Result) echo(l Line, shown string) {
	r.Notes = append(r.Notes, "> "+l.String())
	for line := range strings.SplitSeq(strings.TrimRight(shown, "\n"), "\n") {
		if line != "" {
			r.Notes = append(r.Notes, "  "+line)
		}
	}
}

func oneLine(err error) string {
	return strings.Join(strings.Fields(err.Error()), " ")
}
