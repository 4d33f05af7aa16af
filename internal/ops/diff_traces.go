package ops

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// How many events are shown before and after the first that differs.
const (
	diffBefore = 4
	diffAfter  = 16
)

// errDiffer says that two traces are not the same.
var errDiffer = errors.New("the traces differ")

// diffTraces compares two trace files.
func diffTraces(a, b string, loosely bool) (Result, error) {
	recA, err := recording.ReadFile(a)
	if err != nil {
		return nil, readError(a, err)
	}
	recB, err := recording.ReadFile(b)
	if err != nil {
		return nil, readError(b, err)
	}
	c := recording.Compare(recA, recB, loosely)
	r := &TraceDiffResult{
		A: a, B: b, Same: c.Same(), Common: c.Common, EventsA: len(c.A), EventsB: len(c.B), Heads: []Pair{}, Before: []trace.Event{},
		AfterA: []trace.Event{}, AfterB: []trace.Event{}, Differ: []Pair{}, Ends: []Pair{}, Missing: []string{},
	}
	for _, h := range c.Heads {
		r.Heads = append(r.Heads, Pair{h.What, h.A, h.B})
	}
	for _, rec := range []struct {
		file, missing string
	}{{a, recA.Missing}, {b, recB.Missing}} {
		if rec.missing != "" {
			r.Missing = append(r.Missing, rec.file+": "+rec.missing)
		}
	}
	if r.Same {
		return r, nil
	}
	n := c.Common
	r.Before = append(r.Before, c.A[max(0, n-diffBefore):n]...)
	r.AfterA = append(r.AfterA, c.A[n:min(len(c.A), n+diffAfter)]...)
	r.AfterB = append(r.AfterB, c.B[n:min(len(c.B), n+diffAfter)]...)
	r.compare(&r.Differ, recA, recB, n+1)
	r.compareEnds(recA, recB)
	return r, fmt.Errorf("%w from event %d on", errDiffer, n+1)
}

// compare lists what differs in what there was to see after n events.
func (r *TraceDiffResult) compare(to *[]Pair, a, b *recording.Recording, n int) {
	snapA, snapB := a.AfterEvents(n), b.AfterEvents(n)
	if snapA == nil || snapB == nil {
		return
	}
	d := diff("", "", snapA, snapB)
	*to = append(append(*to, d.Modules...), d.Threads...)
}

// compareEnds lists what became of the threads and modules of each.
func (r *TraceDiffResult) compareEnds(a, b *recording.Recording) {
	snapA, snapB := a.End(), b.End()
	d := diff("", "", snapA, snapB)
	r.Ends = append(append(r.Ends, d.Modules...), d.Threads...)
	for _, t := range snapA.Threads {
		other := snapB.Thread(t.ID)
		if other != nil && t.Verdict != other.Verdict {
			r.Ends = append(r.Ends, Pair{t.ID + ", verdict", string(t.Verdict), string(other.Verdict)})
		}
	}
}

// TraceDiffResult compares two trace files.
type TraceDiffResult struct {
	A      string `json:"a"`
	B      string `json:"b"`
	Same   bool   `json:"same"`
	Common int    `json:"common"` // events they begin with alike
	// EventsA and EventsB are how many events each has.
	EventsA int           `json:"events_a"`
	EventsB int           `json:"events_b"`
	Heads   []Pair        `json:"heads"`  // where they were recorded
	Before  []trace.Event `json:"before"` // the last that are alike
	AfterA  []trace.Event `json:"after_a"`
	AfterB  []trace.Event `json:"after_b"`
	Differ  []Pair        `json:"differ"` // what there was to see after the first that differs
	Ends    []Pair        `json:"ends"`   // at the end
	Missing []string      `json:"missing"`
}

// WriteText writes where the traces part, side by side.
func (r *TraceDiffResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	pairs := func(head string, list []Pair) {
		if len(list) == 0 {
			return
		}
		rows := [][]cell{header(head, "A", "B")}
		for _, p := range list {
			rows = append(rows, []cell{str(p.What), str(cmp.Or(p.Here, "-")), str(cmp.Or(p.There, "-"))})
		}
		t.table(rows)
		t.line("")
	}
	t.wrap("A  ", 3, fmt.Sprintf("%s, %s", r.A, wording.Count(r.EventsA, "event")))
	t.wrap("B  ", 3, fmt.Sprintf("%s, %s", r.B, wording.Count(r.EventsB, "event")))
	for _, m := range r.Missing {
		t.wrap("   ", 3, m)
	}
	if r.Same {
		pairs("recorded with", r.Heads)
		t.line("%s: the events are alike, from the first to the last", t.paint(green, "same"))
		return t.err
	}
	t.line("")
	pairs("recorded with", r.Heads)
	switch r.Common {
	case 0:
		t.line("they part at the first event")
	case 1:
		t.line("the first event is alike; event 2 is the first that differs")
	default:
		t.line("the first %s alike; event %d is the first that differs", wording.Count(r.Common, "event", "events are"), r.Common+1)
	}
	t.line("")
	t.sideBySide(r.Before, r.AfterA, r.AfterB)
	t.line("")
	pairs("after that event", r.Differ)
	pairs("at the end", r.Ends)
	return t.err
}

// sideBySide writes events that two have in common, then how each goes on.
func (t *text) sideBySide(before, a, b []trace.Event) {
	half := max(10, (t.width-3)/2)
	side := func(a, mark, b string) {
		t.print(strings.TrimRight(fmt.Sprintf("%-*s %s %s", half, clip(clean(a, t.st.ASCII), half), mark, clip(clean(b, t.st.ASCII), half)), " ") + "\n")
	}
	for _, e := range before {
		side(brief(e), " ", brief(e))
	}
	for i := range max(len(a), len(b)) {
		left, right, mark := "", "", "|"
		if i < len(a) {
			left = brief(a[i])
		} else {
			mark = ">"
		}
		if i < len(b) {
			right = brief(b[i])
		} else {
			mark = "<"
		}
		if left == right {
			mark = " "
		}
		side(left, mark, right)
	}
}

// brief says what an event tells in few columns.
func brief(e trace.Event) string {
	who := e.Thread.ID
	if who == "" {
		who = e.Thread.Comm
	}
	parts := []string{fmt.Sprintf("%-8s %-3s", who, e.Point)}
	switch {
	case e.Module != "" && e.State != "":
		parts = append(parts, e.Module+" "+string(e.State))
	case e.Module+e.Name != "":
		parts = append(parts, strings.TrimSpace(e.Module+" "+e.Name))
	}
	if e.Ret != nil {
		parts = append(parts, "= "+retWords(*e.Ret))
	}
	if e.Refs != nil {
		parts = append(parts, fmt.Sprintf("refs %d", *e.Refs))
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	return strings.Join(parts, " ")
}

// clip cuts a text to a width.
func clip(s string, width int) string {
	if width1(s) <= width {
		return s
	}
	runes := []rune(s)
	return string(runes[:max(0, width-1)]) + "~"
}
