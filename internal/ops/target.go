package ops

import (
	"context"
	"errors"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

func targetVerb() *Verb {
	return &Verb{
		Name: "target", Aliases: []string{"on"}, Group: groupSession,
		Short:    "show the target, or go to another one",
		Usage:    "[NAME]",
		New:      func() Command { return new(targetCommand) },
		Examples: []string{"target", "target vm:6.1", "target host"},
	}
}

type targetCommand struct {
	Name string `arg:"" optional:"" help:"Target to go to: sim:PROFILE, vm:KERNEL or host."`
}

func (c *targetCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Name != "" {
		if err := s.Open(ctx, c.Name); err != nil {
			return nil, err
		}
	}
	t := s.Target()
	if t == nil {
		return nil, ErrNoTarget
	}
	r := &TargetResult{Target: t.Name(), Can: []string{}, Cannot: []Reason{}}
	for _, op := range kernelOps() {
		if err := t.Can(op); err == nil {
			r.Can = append(r.Can, string(op))
		} else {
			r.Cannot = append(r.Cannot, Reason{Op: string(op), Why: reason(err)})
		}
	}
	if err := t.Err(); err != nil {
		r.Down = err.Error()
	}
	return r, nil
}

// wantsTarget: the target that is named is opened by the verb.
func (c *targetCommand) wantsTarget(args []string) bool { return len(args) == 0 }

// reason is the why of an error that says a target cannot do something, where
// target and operation are known from elsewhere.
func reason(err error) string {
	var e *kernel.UnsupportedError
	if errors.As(err, &e) {
		return e.Why
	}
	return err.Error()
}

// kernelOps are all operations of a target, in the order of their constants.
func kernelOps() []kernel.Op {
	return []kernel.Op{
		kernel.OpInfo, kernel.OpModules, kernel.OpTree, kernel.OpLoad,
		kernel.OpUnload, kernel.OpRequest, kernel.OpLog, kernel.OpEvents,
	}
}

func (c *targetCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 || s.Targets == nil {
		return nil
	}
	return match(word, s.Targets())
}

// TargetResult names the target and what it can do.
type TargetResult struct {
	Target string   `json:"target"`
	Can    []string `json:"can"`
	Cannot []Reason `json:"cannot"`
	Down   string   `json:"down,omitempty"` // why the target went down
}

// Reason says why a target cannot do something.
type Reason struct {
	Op  string `json:"op"`
	Why string `json:"why"`
}

// WriteText writes the name and what can be done there.
func (r *TargetResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.wrap("target  ", 8, r.Target)
	t.wrap("can     ", 8, strings.Join(r.Can, ", "))
	for _, c := range r.Cannot {
		t.wrap("cannot  ", 8, c.Op+": "+c.Why)
	}
	if r.Down != "" {
		t.wrap("down    ", 8, r.Down)
	}
	return t.err
}
