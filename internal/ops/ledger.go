package ops

import (
	"context"
	"io"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/wording"
)

func ledgerVerb() *Verb {
	return &Verb{
		Name: "ledger", Group: groupLook,
		Short:    "show what is allocated for modules, and what leaked",
		Usage:    "[MODULE]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(ledgerCommand) },
		Examples: []string{"ledger", "ledger victim"},
	}
}

type ledgerCommand struct {
	Module string `arg:"" optional:"" help:"Only what is for this module."`
}

func (c *ledgerCommand) Run(ctx context.Context, s *Session) (Result, error) {
	snap, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	r := &LedgerResult{Allocated: []kernel.Allocation{}}
	for _, a := range snap.Leaks {
		if c.Module != "" && a.Module != kernel.Normalize(c.Module) {
			continue
		}
		r.Allocated = append(r.Allocated, a)
		if a.Leaked {
			r.Leaked++
		}
	}
	return r, nil
}

func (c *ledgerCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return nil
	}
	return s.completeModules(word)
}

// LedgerResult is what is allocated for modules, oldest first.
type LedgerResult struct {
	Allocated []kernel.Allocation `json:"allocated"`
	Leaked    int                 `json:"leaked"` // of them: nobody will give them back
}

// WriteText writes one allocation on each line, and then how many leaked.
func (r *LedgerResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Allocated) == 0 {
		t.line("nothing is allocated for modules")
		return t.err
	}
	rows := [][]cell{header("what", "for", "made by", "at", "")}
	for _, a := range r.Allocated {
		what := a.Kind
		if a.Detail != "" {
			what += " " + a.Detail
		}
		leaked := str("")
		if a.Leaked {
			leaked = painted("leaked: its load has ended, and nobody will give it back", red)
		}
		rows = append(rows, []cell{str(what), str(a.Module), str(a.Thread), str(a.Point), leaked})
	}
	t.table(rows)
	if r.Leaked > 0 {
		t.line("%s", t.paint(red, wording.Count(r.Leaked, "leak")))
	}
	return t.err
}
