package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// maxDelay bounds a delay and a wait, on the target's clock.
const maxDelay = kernel.MaxDelay

func faultsVerb() *Verb {
	return &Verb{
		Name: "faults", Group: groupFaults,
		Short:    "list the faults in force, take one out, keep them in a file",
		Usage:    "[--delete N|all] | save [--name TEXT] FILE | load FILE",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(faultsCommand) },
		Examples: []string{"faults", "faults --delete 1", "faults --delete all", "faults save window.faults", "faults load window.faults"},
	}
}

type faultsCommand struct {
	Delete string `placeholder:"N" help:"Take this fault out of force, or all. Threads it holds stay held."`
	Name   string `placeholder:"TEXT" help:"With save: a name for people, written into the file."`
	What   string `arg:"" optional:"" enum:"save,load," default:"" help:"save: write the faults in force to a file; load: put those of a file in force, too."`
	File   string `arg:"" optional:"" help:"The file. One that is there already is not written over."`
}

func (c *faultsCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	switch {
	case (c.What == "") != (c.File == "") || c.What != "" && c.Delete != "" || c.Name != "" && c.What != "save":
		return nil, &UsageError{Msg: "it is faults, faults --delete N, faults save FILE, or faults load FILE"}
	case c.What == "save":
		return c.save(ctx, d)
	case c.What == "" && c.Delete == "":
		return listFaults(ctx, d)
	}
	// Those of a trace can be looked at, and kept, not changed.
	if err := d.Can(kernel.OpDebug); err != nil {
		return nil, err
	}
	switch {
	case c.What == "load":
		return s.loadFaults(ctx, d, c.File)
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(c.Delete)
	if c.Delete != "all" && (err != nil || !slices.ContainsFunc(snap.Faults, func(f kernel.Fault) bool { return f.Number == n })) {
		return nil, &UsageError{Msg: quoteShort(c.Delete) + " is neither the number of a fault nor all"}
	}
	s.changing(d)
	for _, f := range snap.Faults {
		if c.Delete == "all" || f.Number == n {
			if err := d.RemoveFault(ctx, f.Number); err != nil {
				return nil, err
			}
		}
	}
	return listFaults(ctx, d)
}

func listFaults(ctx context.Context, d kernel.Debugger) (Result, error) {
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &FaultsResult{Faults: full(snap.Faults), Helper: snap.Helper}, nil
}

// filters are the words behind a fault's point: whom it strikes.
type filters []string

// plan puts a fault in force and lists all.
func (s *Session) plan(ctx context.Context, f kernel.Fault, where filters) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if err := f.Strike(where); err != nil {
		return nil, err
	}
	s.changing(d)
	if _, err := d.AddFault(ctx, f); err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &FaultsResult{Faults: full(snap.Faults), Helper: snap.Helper, Notes: s.pending(d, snap, f.Point, f.Thread, f.Module)}, nil
}

// mayHold refuses a point where nothing may be held or delayed.
func mayHold(id string) (trace.Point, error) {
	p, err := lookupPoint(id)
	if err == nil && !p.Hold {
		err = &UsageError{Msg: "no thread may be held at " + p.ID + " " + p.Name + ": " + p.Why}
	}
	return p, err
}

// FaultsResult is the fault plan in force.
type FaultsResult struct {
	Faults []kernel.Fault `json:"faults"`
	Helper string         `json:"helper"` // what the helper does, "real" unless it lies
	// Notes say what keeps the fault that was put in force from striking now.
	Notes []string `json:"notes,omitempty"`
}

// WriteText writes one fault on each line.
func (r *FaultsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Faults) == 0 {
		t.line("no faults")
	}
	for _, f := range r.Faults {
		t.wrap(fmt.Sprintf("%3d  ", f.Number), 5, faultWords(f))
	}
	if r.Helper != "real" {
		t.line("the helper lies: %s", r.Helper)
	}
	writeNotes(t, r.Notes)
	return t.err
}

// writeNotes writes what is to be known besides, a line each.
func writeNotes(t *text, notes []string) {
	for _, n := range notes {
		t.wrap("  note: ", 8, n)
	}
}

// faultWords is a fault as a person would write it, and how often it struck.
func faultWords(f kernel.Fault) string { return f.String() + ", met " + wording.Count(f.Hits, "time") }
