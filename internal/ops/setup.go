package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/scenario"
)

func setupVerb() *Verb {
	return &Verb{
		Name: "setup", Group: groupJudge,
		Short:    "begin anew with the threads and faults of a scenario, ready to step",
		Usage:    "SCENARIO [CASE]",
		Needs:    []kernel.Op{kernel.OpDebug},
		New:      func() Command { return new(setupCommand) },
		Examples: []string{"setup seed/builtin-race", "setup seed/builtin-race 2", "setup seed/aliases ext3"},
	}
}

type setupCommand struct {
	Scenario string `arg:"" help:"A scenario of the library by its name, or a file by its path."`
	Case     string `arg:"" optional:"" help:"The number of a case, or a part of its name; without it the first."`
}

// preparing are the verbs that say what there is, as opposed to those that move
// threads, look, or judge.
func preparing() []string {
	return []string{"load", "unload", "request", "spawn", "flood", "hold", "delay", "fail", "lie", "policy", "set", "promise"}
}

func (c *setupCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	r, script, err := c.script()
	if err != nil {
		return nil, err
	}
	if err := d.Goto(ctx, 0); err != nil {
		return nil, err
	}
	s.withDebug(func(st *debugState) { st.moved, st.promises, st.marks = "", nil, nil })
	for _, l := range script {
		row := SetupLine{Text: l.String()}
		if words, err := Split(l.Text); err == nil && len(words) > 0 && scenario.For(l.Only, d.Name()) {
			if v, err := Lookup(words[0].Text); err == nil && slices.Contains(preparing(), v.Name) {
				row.Done = true
			}
		}
		if row.Done {
			if _, err := (&lineRunner{s: s}).Run(ctx, l.Text); err != nil && !l.Fails {
				return r, fmt.Errorf("%s:%d: %w", r.Scenario, l.N, err)
			}
		}
		r.Lines = append(r.Lines, row)
	}
	return r, nil
}

// script returns the lines of the case that is meant.
func (c *setupCommand) script() (*SetupResult, []scenario.Line, error) {
	found, err := scenario.Find(c.Scenario)
	if err == nil && len(found) != 1 {
		err = errors.New("several scenarios are called so; name one")
	}
	if err == nil {
		err = CheckScenario(found[0])
	}
	if err != nil {
		return nil, nil, &UsageError{Msg: err.Error(), Hint: "kmodsh scenario list shows the library"}
	}
	one := found[0]
	r := &SetupResult{Scenario: one.Name, Title: one.Title, Shows: one.Shows, Lines: []SetupLine{}}
	var script []scenario.Line
	for _, p := range one.Promises {
		script = append(script, scenario.Line{Text: "promise " + p})
	}
	script = append(script, one.Lines...)
	if len(one.Cases) == 0 && c.Case == "" {
		return r, script, nil
	}
	i := slices.IndexFunc(one.Cases, func(k scenario.Case) bool { return strings.Contains(k.Name, c.Case) })
	if n, err := strconv.Atoi(c.Case); err == nil && n >= 1 && n <= len(one.Cases) {
		i = n - 1
	}
	if i < 0 {
		return nil, nil, &UsageError{Msg: fmt.Sprintf("%s has no case %s", one.Name, quoteShort(c.Case))}
	}
	r.Case = one.Cases[i].Name
	return r, append(script, one.Cases[i].Lines...), nil
}

func (c *setupCommand) Complete(s *Session, before []string, word string) []Candidate {
	return completeScenarios(operands(before), word)
}

// SetupLine is a line of a scenario's script.
type SetupLine struct {
	Text string `json:"text"`
	Done bool   `json:"done"` // by setup; the rest is the person's to do
}

// SetupResult is a scenario that is ready to be stepped.
type SetupResult struct {
	Scenario string      `json:"scenario"`
	Title    string      `json:"title"`
	Shows    string      `json:"shows,omitempty"`
	Case     string      `json:"case,omitempty"`
	Lines    []SetupLine `json:"lines"`
}

// WriteText writes what the scenario shows, then its script with what has been
// done of it.
func (r *SetupResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.line("%s", t.paint(bold, clean(r.Title, st.ASCII)))
	if r.Shows != "" {
		t.wrap("", 0, r.Shows)
	}
	if r.Case != "" {
		t.wrap("case: ", 6, r.Case)
	}
	for _, l := range r.Lines {
		head := t.paint(green, "done") + "  "
		if !l.Done {
			head = "      "
		}
		t.wrap(head, 8, l.Text)
	}
	t.line("The lines that are not done yet are yours: type them, or step.")
	return t.err
}
