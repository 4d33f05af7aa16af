package ops

import (
	"context"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/kernel"
)

func promiseVerb() *Verb {
	return &Verb{
		Name: "promise", Group: groupJudge, Condition: true,
		Short:    "demand at every step from now on that something holds",
		Usage:    "[NAME | COND]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(promiseCommand) },
		Examples: []string{"promise", "promise zero-means-ready", `promise permits.used <= 50`},
	}
}

type promiseCommand struct {
	Cond []string `arg:"" optional:"" passthrough:"" sep:"none" help:"The name of a promise, or a condition: see help conditions. Without it the promises are listed."`
}

func (c *promiseCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	text := strings.Join(c.Cond, " ")
	if text != "" {
		cond, err := condition.CompilePromise(text)
		if err != nil {
			return nil, err
		}
		s.withDebug(func(st *debugState) { st.promises = append(st.promises, promise{text, cond}) })
		if err := s.checkPromises(ctx, d); err != nil {
			return nil, err
		}
	}
	r := &PromisesResult{Made: []string{}, Known: []condition.Promise{}}
	if text == "" {
		r.Known = condition.Promises()
	}
	s.withDebug(func(st *debugState) {
		for _, p := range st.promises {
			r.Made = append(r.Made, p.name)
		}
	})
	return r, nil
}

func (c *promiseCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(before) > 0 {
		return nil
	}
	return match(word, promiseCandidates())
}

// PromisesResult lists the promises that are checked, and those with a name
// when they were asked for.
type PromisesResult struct {
	Made  []string            `json:"made"`
	Known []condition.Promise `json:"known"`
}

// WriteText writes the table of promises, those that are checked marked, then
// those of the person's own.
func (r *PromisesResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Known) == 0 {
		t.wrap("checked from now on: ", 21, strings.Join(r.Made, "; "))
		return t.err
	}
	rows := [][]cell{header("promise", "checked", "what it says")}
	for _, p := range r.Known {
		checked := str("no")
		if slices.Contains(r.Made, p.Name) {
			checked = painted("yes", green)
		}
		rows = append(rows, []cell{str(p.Name), checked, str(p.Says)})
	}
	t.table(rows)
	for _, m := range r.Made {
		if !slices.ContainsFunc(r.Known, func(p condition.Promise) bool { return p.Name == m }) {
			t.wrap("checked: ", 9, m)
		}
	}
	return t.err
}
