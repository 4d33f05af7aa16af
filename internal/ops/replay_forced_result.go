package ops

import (
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
)

// ForcedResult is a schedule that was forced on a target from stop to stop, or
// tried with delays.
type ForcedResult struct {
	Name     string          `json:"name"`
	From     string          `json:"from"`   // the simulated kernel it was found on
	Target   string          `json:"target"` // where it was taken
	Promise  string          `json:"promise,omitempty"`
	Says     string          `json:"says,omitempty"` // how the promise is broken
	Moves    []explore.Moved `json:"moves"`
	Diverged string          `json:"diverged,omitempty"`
	Outcome  string          `json:"outcome,omitempty"`
	Verdicts []ThreadVerdict `json:"verdicts"`
	Same     bool            `json:"same"`
	// By delays: what is late by how much, how many trials, in how many the same
	// promise was broken, and what they came to.
	Delays []kernel.Fault `json:"delays,omitempty"`
	Trials int            `json:"trials,omitempty"`
	Hits   int            `json:"hits,omitempty"`
	Ends   []End          `json:"ends,omitempty"`
}

// End is what trials came to, and how many of them.
type End struct {
	Times   int    `json:"times"`
	Outcome string `json:"outcome"`
}

// WriteText writes the moves, or the delays, and what came of them.
func (r *ForcedResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	item := func(label, text string) { t.wrap(fmt.Sprintf("%-9s", label), 9, text) }
	item("replayed", fmt.Sprintf("%s, found on %s, on %s", r.Name, r.From, r.Target))
	if r.Trials > 0 {
		for i, f := range r.Delays {
			words, _, _ := strings.Cut(faultWords(f), ", met")
			item([]string{"delays", ""}[min(i, 1)], words)
		}
		if len(r.Delays) == 0 {
			item("delays", "none: the schedule is the threads in their turn")
		}
		item("rate", fmt.Sprintf("%d of %d trials (%d %%) broke %s", r.Hits, r.Trials, r.Hits*100/r.Trials, r.Promise))
		for i, e := range r.Ends {
			item([]string{"ends", ""}[min(i, 1)], fmt.Sprintf("%d: %s", e.Times, e.Outcome))
		}
		return t.err
	}
	if len(r.Moves) > 0 {
		rows := [][]cell{header("move", "thread", "comes to")}
		for i, m := range r.Moves {
			rows = append(rows, []cell{str(fmt.Sprint(i + 1)), str(m.Thread), str(described(m.At))})
		}
		t.table(rows)
	}
	for _, v := range verdictLines(r.Verdicts) {
		item("thread", v)
	}
	if r.Diverged != "" {
		return t.err
	}
	if r.Promise != "" {
		how := t.paint(red, "broken") + ": " + r.Promise + ": " + r.Says
		if r.Says == "" {
			how = t.paint(green, "kept") + ": " + r.Promise
		}
		item("promise", how)
	}
	same := "as on " + r.From
	if !r.Same {
		same = t.paint(red, "not") + " " + same
	}
	item("result", same)
	return t.err
}
