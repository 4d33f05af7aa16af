package ops

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func beliefVerb() *Verb {
	return &Verb{
		Name: "belief", Group: groupLook,
		Short:    "show what each loader believed beside what the kernel knows",
		Usage:    "[ID]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(beliefCommand) },
		Examples: []string{"belief", "belief B"},
	}
}

type beliefCommand struct {
	ID string `arg:"" optional:"" help:"A thread, or one that started a helper; without it, all."`
}

func (c *beliefCommand) Run(ctx context.Context, s *Session) (Result, error) {
	snap, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	r := &BeliefResult{Pos: snap.Pos, Beliefs: []Belief{}}
	last := map[string]int{} // row of a thread and module
	for _, e := range snap.Events {
		th := snap.Thread(e.Thread.ID)
		if th == nil || e.Module == "" || !believes(e) || c.ID != "" && th.ID != c.ID && th.Parent != c.ID {
			continue
		}
		key := th.ID + " " + e.Module
		row, known := last[key]
		if !known {
			row = len(r.Beliefs)
			last[key] = row
			r.Beliefs = append(r.Beliefs, Belief{Thread: th.ID, For: th.Parent, Module: e.Module})
		}
		r.Beliefs[row].hear(e)
	}
	for i := range r.Beliefs {
		r.Beliefs[i].compare(snap)
	}
	return r, nil
}

// believes says whether a loader's event tells what it takes a module for.
func believes(e trace.Event) bool {
	return e.Point == trace.PointBuiltin || e.Point == trace.PointWaits || e.Point == trace.PointInserted || e.Point == trace.PointVerified
}

func (c *beliefCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeThreads(word)
}

// Belief is what a loader takes a module for, and what it is.
type Belief struct {
	Thread   string      `json:"thread"`
	For      string      `json:"for,omitempty"` // who started it
	Module   string      `json:"module"`
	Event    uint64      `json:"event"` // number of the event that says so
	Believes trace.State `json:"believes"`
	Why      string      `json:"why"`
	// Knows is the module's true state now, Shows what a reader can see of it.
	Knows  trace.State `json:"knows"`
	Shows  string      `json:"shows"`
	Agrees bool        `json:"agrees"`
	// Verdict is the verifier's, "" before it was given.
	Verdict string `json:"verdict,omitempty"`
}

// hear takes in an event of the loader.
func (b *Belief) hear(e trace.Event) {
	if e.Point == trace.PointVerified {
		b.Verdict = e.Detail
		return
	}
	b.Event, b.Why = e.Seq, e.Detail
	if e.State != "" {
		b.Believes = e.State
	}
	if e.Point == trace.PointInserted && e.Ret != nil {
		b.Why = "the kernel answered " + retWords(*e.Ret)
		if *e.Ret == 0 {
			b.Believes = trace.Live
		}
	}
}

// compare looks up the truth.
func (b *Belief) compare(snap *kernel.Snapshot) {
	b.Knows = snap.State(b.Module)
	b.Agrees = b.Believes == b.Knows
	m := snap.Module(b.Module)
	switch {
	case m == nil && snap.HasDir != nil && snap.HasDir(b.Module):
		b.Shows = "a directory in /sys/module of code in the kernel image"
	case m == nil || !m.Dir:
		b.Shows = "no directory in /sys/module"
	case m.Initstate == "":
		b.Shows = "a directory in /sys/module without initstate"
	default:
		b.Shows = "initstate " + string(m.Initstate)
	}
	row := "no row in /proc/modules"
	for _, l := range snap.Listed {
		if l.Name == b.Module {
			row = "a row that says " + string(l.State)
		}
	}
	b.Shows += ", " + row
}

// BeliefResult holds what the loaders believe at one position.
type BeliefResult struct {
	Pos     int      `json:"pos"`
	Beliefs []Belief `json:"beliefs"`
}

// WriteText writes two lines for each loader and module: belief and truth.
func (r *BeliefResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Beliefs) == 0 {
		t.line("no loader has looked at a module yet")
	}
	for _, b := range r.Beliefs {
		who := b.Thread
		if b.For != "" {
			who += ", for " + b.For
		}
		mark := t.paint(green, "so it is")
		if !b.Agrees {
			mark = t.paint(red, "not so")
		}
		t.line("%s about %s: %s", clean(who, st.ASCII), clean(b.Module, st.ASCII), mark)
		t.wrap("  believed     ", 15, fmt.Sprintf("%s (event %d: %s)", b.Believes, b.Event, strings.TrimPrefix(b.Why, string(b.Believes)+": ")))
		t.wrap("  kernel knows ", 15, string(b.Knows)+"; it shows "+b.Shows)
		if b.Verdict != "" {
			t.line("  verdict      %s", clean(b.Verdict, st.ASCII))
		}
	}
	return t.err
}
