package ops

import (
	"context"
	"fmt"
	"io"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// diffEvents is how many events of each future are compared after the first
// that differs.
const diffEvents = 20

func diffVerb() *Verb {
	return &Verb{
		Name: "diff", Group: groupDebug,
		Short:    "show two futures, or two traces, side by side",
		Usage:    "[NAME] | [--loosely] TRACE TRACE",
		New:      func() Command { return new(diffCommand) },
		Examples: []string{"diff", "diff main", "diff before.trace after.trace", "diff --loosely sim.trace vm.trace"},
	}
}

type diffCommand struct {
	Loosely bool   `help:"Of traces compare only threads, points, modules, states and what was returned: for those of different kernels."`
	Name    string `arg:"" optional:"" help:"The other future; without it the one this was forked from. Or the first of two trace files."`
	Other   string `arg:"" optional:"" help:"The second trace file."`
}

// wantsTarget: traces are files.
func (c *diffCommand) wantsTarget(args []string) bool { return len(operands(args)) < 2 }

func (c *diffCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Other != "" {
		return diffTraces(c.Name, c.Other, c.Loosely)
	}
	both, err := s.Compare(ctx, c.Name)
	if err != nil {
		return nil, err
	}
	return both.Diff(), nil
}

// Comparison is the present future and another one, each as it is now.
type Comparison struct {
	Here, There string // their names
	A, B        *kernel.Snapshot
}

// Diff is what the two do not have in common.
func (c *Comparison) Diff() *DiffResult { return diff(c.Here, c.There, c.A, c.B) }

// Compare takes the present future and the one of a name, or for "" the one
// that the present was forked from, and else the one forked from it. The error
// is a *UsageError when there is none such.
func (s *Session) Compare(ctx context.Context, name string) (*Comparison, error) {
	d, err := s.viewer()
	if err != nil {
		return nil, err
	}
	var here, there future
	s.withDebug(func(st *debugState) {
		for _, f := range st.futures {
			if f.target == d {
				here = f
			}
		}
		want := name
		if want == "" {
			want = here.parent
		}
		if want == "" && len(st.futures) > 1 {
			want = st.futures[len(st.futures)-1].name
		}
		if f := futureOf(st.futures, want); f != nil {
			there = *f
		}
	})
	switch {
	case name != "" && name == here.name:
		return nil, &UsageError{Msg: name + " is the future you are in: name another", Hint: "fork --list shows them"}
	case name != "" && here.target != nil && there.target == nil:
		return nil, &UsageError{Msg: "there is no future " + quoteShort(name), Hint: "fork --list shows those there are; fork NAME makes one"}
	case there.target == nil || here.target == nil || there.name == here.name:
		return nil, &UsageError{Msg: "there is no other future to compare with", Hint: "make one: fork NAME; fork --list shows them"}
	}
	a, err := here.target.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	b, err := there.target.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	return &Comparison{Here: here.name, There: there.name, A: a, B: b}, nil
}

func (c *diffCommand) Complete(s *Session, before []string, word string) []Candidate {
	return append(s.completeFutures(word), completeFiles(word, recording.Suffix)...)
}

// diff compares two snapshots.
func diff(here, there string, a, b *kernel.Snapshot) *DiffResult {
	r := &DiffResult{Here: here, There: there, Modules: []Pair{}, Threads: []Pair{}, HereEvents: []trace.Event{}, ThereEvents: []trace.Event{}}
	for _, name := range union(names(a.Modules, func(m kernel.ModuleState) string { return m.Name }), names(b.Modules, func(m kernel.ModuleState) string { return m.Name })) {
		r.Modules = appendPair(r.Modules, name, moduleWords(a, name), moduleWords(b, name))
	}
	for _, id := range union(names(a.Threads, func(t kernel.ThreadState) string { return t.ID }), names(b.Threads, func(t kernel.ThreadState) string { return t.ID })) {
		r.Threads = appendPair(r.Threads, id, threadIn(a, id), threadIn(b, id))
	}
	n := 0
	for n < len(a.Events) && n < len(b.Events) && sameEvent(a.Events[n], b.Events[n]) {
		n++
	}
	r.Common = n
	r.HereEvents = append(r.HereEvents, a.Events[n:min(len(a.Events), n+diffEvents)]...)
	r.ThereEvents = append(r.ThereEvents, b.Events[n:min(len(b.Events), n+diffEvents)]...)
	return r
}

// sameEvent compares events by what they say.
func sameEvent(a, b trace.Event) bool {
	return fmt.Sprint(eventWords(a), a.Time, a.State, a.Point) == fmt.Sprint(eventWords(b), b.Time, b.State, b.Point)
}

func names[T any](list []T, name func(T) string) []string {
	var out []string
	for _, v := range list {
		out = append(out, name(v))
	}
	return out
}

// union returns the words of both lists, each once, sorted.
func union(a, b []string) []string {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

func appendPair(list []Pair, what, here, there string) []Pair {
	if here == there {
		return list
	}
	return append(list, Pair{what, here, there})
}

func moduleWords(s *kernel.Snapshot, name string) string {
	m := s.Module(name)
	if m == nil {
		return string(s.State(name))
	}
	return fmt.Sprintf("%s, refs %d", m.State, m.Refs)
}

func threadIn(s *kernel.Snapshot, id string) string {
	if t := s.Thread(id); t != nil {
		return threadWhere(*t)
	}
	return "not there"
}

// Pair is one thing as two futures have it.
type Pair struct {
	What  string `json:"what"`
	Here  string `json:"here"`
	There string `json:"there"`
}

// DiffResult is what two futures do not have in common.
type DiffResult struct {
	Here    string `json:"here"`
	There   string `json:"there"`
	Common  int    `json:"common"` // events they begin with alike
	Modules []Pair `json:"modules"`
	Threads []Pair `json:"threads"`
	// HereEvents and ThereEvents are those from the first that differs.
	HereEvents  []trace.Event `json:"here_events"`
	ThereEvents []trace.Event `json:"there_events"`
}

// WriteText writes a table of what differs, then the events of each.
func (r *DiffResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("", r.Here, r.There)}
	for _, p := range slices.Concat(r.Modules, r.Threads) {
		rows = append(rows, []cell{str(p.What), str(p.Here), str(p.There)})
	}
	if len(rows) == 1 {
		t.line("modules and threads are alike in %s and %s", r.Here, r.There)
	} else {
		t.table(rows)
	}
	t.line("the first %s alike", wording.Count(r.Common, "event is", "events are"))
	for _, side := range []struct {
		name   string
		events []trace.Event
	}{{r.Here, r.HereEvents}, {r.There, r.ThereEvents}} {
		if len(side.events) > 0 {
			t.line("%s", t.paint(bold, "then in "+side.name))
		} else if len(r.HereEvents)+len(r.ThereEvents) > 0 {
			t.line("%s nothing more has happened", t.paint(bold, "in "+side.name))
		}
		for _, e := range side.events {
			t.event(e)
		}
	}
	return t.err
}
