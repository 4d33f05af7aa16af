package ops

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
)

// OpenRunner opens a target in a session of its own, which runs the lines of a
// scenario. The session opens targets as s does.
func (s *Session) OpenRunner(ctx context.Context, target string) (scenario.Runner, error) {
	own, err := s.child(ctx, target)
	var dead *kernel.DeadError
	if errors.As(err, &dead) && dead.Blame == kernel.BlameKernel {
		return nil, &diedError{dead}
	}
	if err != nil {
		return nil, err
	}
	return &lineRunner{s: own, health: watchHealth(ctx, own.Target())}, nil
}

// child opens a target in a session of its own, which opens targets as s does.
func (s *Session) child(ctx context.Context, target string) (*Session, error) {
	own := New()
	own.OpenTarget, own.Progress, own.Yes, own.passed = s.OpenTarget, s.Progress, s.Yes, s.passed
	return own, own.Open(ctx, target)
}

// lineRunner runs the lines of one case.
type lineRunner struct {
	s      *Session
	health *health
}

// goingBack are the verbs that go to another position than the next.
var goingBack = []string{"back", "goto", "fork", "restart", "explore", "replay", "conform"}

// Prepare implements scenario.Preparer: a target for which it costs something
// to keep positions need not where no line goes back.
func (r *lineRunner) Prepare(lines []string) {
	onward, ok := r.s.Target().(kernel.Onward)
	if !ok {
		return
	}
	for _, line := range lines {
		words, err := Split(line)
		if err != nil || len(words) == 0 {
			continue
		}
		if v, err := Lookup(words[0].Text); err != nil || slices.Contains(goingBack, v.Name) {
			return
		}
	}
	onward.OnlyOnward()
}

// Expects implements scenario.Expecter.
func (r *lineRunner) Expects(reports []string) {
	if r.health != nil {
		r.health.expected = reports
	}
}

// Run implements scenario.Runner.
func (r *lineRunner) Run(ctx context.Context, line string) (string, error) {
	words, err := Split(line)
	if err != nil {
		return "", err
	}
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = w.Text
	}
	r.health.begin()
	res, err := r.s.Exec(ctx, args)
	var b bytes.Buffer
	for _, w := range r.s.Warnings() {
		_ = ReportWarning(w).WriteText(&b, Style{ASCII: true}) // memory takes it
	}
	if werr := Write(&b, res, false, Style{ASCII: true}); werr != nil && err == nil {
		err = werr
	}
	if sick := r.health.check(ctx, line); sick != nil {
		if h := (*HealthError)(nil); errors.As(sick, &h) {
			h.Also = err
		}
		return b.String(), errors.Join(sick, err)
	}
	var unsupported *kernel.UnsupportedError
	if errors.As(err, &unsupported) || errors.Is(err, ErrNoTarget) {
		err = cannotError{err}
	}
	return b.String(), err
}

// Close implements scenario.Runner.
func (r *lineRunner) Close() error { return r.s.Close() }

// cannotError tells a scenario that the target cannot do what a line asks.
type cannotError struct{ error }

// Unavailable implements scenario.Unavailable.
func (cannotError) Unavailable() bool { return true }

func (e cannotError) Unwrap() error { return e.error }

// Diagnose implements scenario.Diagnosis.
func (e *ExpectError) Diagnose() (expected string, got []string) {
	expected = e.Cond
	if e.What != "is not so" {
		got = append(got, e.What)
	}
	for _, v := range e.Got {
		got = append(got, v.Text+" = "+v.Value)
	}
	return expected, got
}

// Diagnose implements scenario.Diagnosis.
func (e *PromiseError) Diagnose() (expected string, got []string) {
	expected = e.Cond
	if e.Promise != e.Cond {
		expected = e.Promise + ": " + e.Cond
	}
	for _, v := range e.Got {
		got = append(got, v.Text+" = "+v.Value)
	}
	return expected, got
}

// CheckScenario looks whether the lines of a scenario are lines of verbs,
// without running them. The error is a *scenario.SyntaxError.
func CheckScenario(s *scenario.Scenario) error {
	all := [][]scenario.Line{s.Lines}
	for _, c := range s.Cases {
		all = append(all, c.Lines)
	}
	for _, p := range s.Promises {
		all = append(all, []scenario.Line{{Text: "promise " + p}})
	}
	for _, lines := range all {
		for _, l := range lines {
			if err := checkLine(l); err != nil {
				return &scenario.SyntaxError{Name: s.Name, Line: l.N, Msg: fmt.Sprintf("%s: %v", l.Text, err)}
			}
		}
	}
	return nil
}

func checkLine(l scenario.Line) error {
	if _, ok := l.Skip(); ok {
		return nil
	}
	words, err := Split(l.Text)
	if err != nil {
		return err
	}
	if len(words) == 0 {
		return errors.New("a verb is missing")
	}
	v, err := Lookup(words[0].Text)
	if err != nil {
		return err
	}
	args := make([]string, 0, len(words))
	for _, w := range words[1:] {
		args = append(args, w.Text)
	}
	return v.Check(args)
}
