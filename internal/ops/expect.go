package ops

import (
	"context"
	"io"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/kernel"
)

func expectVerb() *Verb {
	return &Verb{
		Name: "expect", Group: groupJudge, Condition: true,
		Short:    "say whether a condition holds now; a failure when it does not",
		Usage:    "COND",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(expectCommand) },
		Examples: []string{`expect result("B") == 0`, `expect state("ext4") == "live" and refs("jbd2") == 1`, `expect result("C") == -EBUSY`},
	}
}

type expectCommand struct {
	Cond []string `arg:"" passthrough:"" sep:"none" help:"The condition: see help conditions."`
}

func (c *expectCommand) Run(ctx context.Context, s *Session) (Result, error) {
	_, cond, snap, err := s.ask(ctx, c.Cond)
	if err != nil {
		return nil, err
	}
	holds, err := cond.Holds(snap)
	if err != nil {
		return nil, err
	}
	r := &ExpectResult{Cond: cond.Text(), Holds: holds, Got: cond.Explain(snap)}
	if !holds {
		return nil, &ExpectError{Cond: r.Cond, Got: r.Got, What: "is not so", Unknown: s.unknown(snap, cond)}
	}
	return r, nil
}

// ask compiles a condition and takes the snapshot of now to ask it of.
func (s *Session) ask(ctx context.Context, words []string) (kernel.Debugger, *condition.Condition, *kernel.Snapshot, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, nil, nil, err
	}
	cond, err := condition.Compile(strings.Join(words, " "))
	if err != nil {
		return nil, nil, nil, err
	}
	snap, err := d.Snapshot(ctx)
	return d, cond, snap, err
}

// ExpectResult is a condition that holds, with the values it was asked of.
type ExpectResult struct {
	Cond  string            `json:"cond"`
	Holds bool              `json:"holds"`
	Got   []condition.Value `json:"got"`
}

// WriteText writes one line.
func (r *ExpectResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.wrap("as expected: ", 13, r.Cond)
	return t.err
}

// ExpectError says that a condition does not hold, and what was found instead.
type ExpectError struct {
	Cond string            // as written
	Got  []condition.Value // what its parts are
	What string            // "is not so"
	// Unknown are the threads and modules that were asked about and are not there.
	Unknown []string
}

func (e *ExpectError) Error() string {
	text := e.Cond + ": " + e.What + got(e.Got)
	for _, u := range e.Unknown {
		text += "; " + u
	}
	return text
}

// PromiseError says that a promise was broken at this step.
type PromiseError struct {
	Promise string // its name, or the condition
	Cond    string
	Got     []condition.Value
}

func (e *PromiseError) Error() string {
	s := "broken promise: " + e.Promise
	if e.Promise != e.Cond {
		s += " (" + e.Cond + ")"
	}
	return s + got(e.Got)
}

// got writes the values of a condition's parts.
func got(values []condition.Value) string {
	var parts []string
	for _, v := range values {
		parts = append(parts, v.Text+" is "+v.Value)
	}
	if len(parts) == 0 {
		return ""
	}
	return "; " + strings.Join(parts, ", ")
}
