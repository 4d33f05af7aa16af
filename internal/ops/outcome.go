package ops

import (
	"context"
	"io"

	"example.org/kmodsh/internal/kernel"
)

func outcomeVerb() *Verb {
	return &Verb{
		Name: "outcome", Group: groupJudge,
		Short:    "show what became of a thread's task",
		Usage:    "ID",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(outcomeCommand) },
		Examples: []string{"outcome A"},
	}
}

type outcomeCommand struct {
	ID string `arg:"" help:"A thread that was spawned."`
}

func (c *outcomeCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	o, err := d.Outcome(ctx, c.ID)
	if err != nil {
		return nil, err
	}
	r := &OutcomeResult{Thread: c.ID, Outcome: o}
	if o.Err != nil {
		r.Error = o.Err.Error()
	}
	return r, nil
}

func (c *outcomeCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.matchThreads(word, func(t kernel.ThreadState) (string, bool) { return t.Task, t.Task != "" })
}

// OutcomeResult is what became of a thread's task.
type OutcomeResult struct {
	Thread string `json:"thread"`
	kernel.Outcome
	Error string `json:"error,omitempty"`
}

// WriteText writes the steps a loader took, then the outcome.
func (r *OutcomeResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.wrap("", 2, r.Thread+": "+r.Task)
	switch {
	case r.Load != nil:
		t.steps(r.Load.Steps)
	case r.Unload != nil:
		t.steps(r.Unload.Steps)
	}
	s := "has not ended"
	switch {
	case r.Killed:
		s = "killed"
	case r.Done:
		s = "returned " + retWords(r.Ret)
	}
	if r.Done && r.Verdict != "" {
		s += ", verdict " + string(r.Verdict)
	}
	if r.Done && r.State != "" {
		s += ", the module is " + string(r.State)
	}
	if r.Done {
		s += ", " + took(r.Ended-r.Began)
	}
	t.wrap("", 2, s)
	if r.Error != "" {
		t.wrap("error: ", 7, r.Error)
	}
	return t.err
}
