package ops

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// MachineReplay is what was done to a machine, done again.
type MachineReplay struct {
	File    string `json:"file"`
	From    string `json:"from"`    // where it was recorded
	Target  string `json:"target"`  // where it was done again
	Actions int    `json:"actions"` // in the trace
	Done    int    `json:"done"`    // again
	Same    bool   `json:"same"`
	// GivenUp: somebody, or the lab, ended it before it came to anything.
	GivenUp bool `json:"given_up,omitempty"`
	// Elsewhere: the target is of another kind, or kernel, and threads were taken to
	// the points that both have.
	Elsewhere bool            `json:"elsewhere,omitempty"`
	Moves     []explore.Moved `json:"moves,omitempty"`
	Diverged  string          `json:"diverged,omitempty"`
	// Compared is how many events were, Threads of how many threads, Looked at how
	// many positions everybody's place was.
	Compared int             `json:"compared"`
	Threads  int             `json:"threads"`
	Looked   int             `json:"looked"`
	Verdicts []ThreadVerdict `json:"verdicts"`
	// Stopped is the position that differs, or cannot be come to; 0 none. Differ is
	// what differs there, or at the end.
	Stopped int    `json:"stopped,omitempty"`
	Differ  []Pair `json:"differ"`
	// Thread is the one whose events part first, at its Event-th; Before are those
	// that are alike, Was and Is how each goes on.
	Thread  string        `json:"thread,omitempty"`
	Event   int           `json:"event,omitempty"`
	Before  []trace.Event `json:"before"`
	Was     []trace.Event `json:"was"`
	Is      []trace.Event `json:"is"`
	Died    string        `json:"died,omitempty"` // how the kernel did, as the one of the trace
	Note    string        `json:"note,omitempty"`
	Missing string        `json:"missing,omitempty"` // of the trace
}

// WriteText writes what was done and what came of it, side by side where it is
// not the same.
func (r *MachineReplay) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	item := func(label, text string) { t.wrap(fmt.Sprintf("%-9s", label), 9, text) }
	what := fmt.Sprintf("all that was done, positions 0 to %d", r.Done)
	if r.Done < r.Actions {
		what = fmt.Sprintf("positions 0 to %d of %d", r.Done, r.Actions)
	}
	if r.Elsewhere {
		what = fmt.Sprintf("%s, to the points that both have", wording.Count(len(r.Moves), "move"))
	}
	item("replayed", fmt.Sprintf("%s, recorded on %s, on %s: %s", r.File, clean(r.From, st.ASCII), r.Target, what))
	if r.Missing != "" {
		item("missing", r.Missing+"; what comes before was done")
	}
	for _, line := range verdictLines(r.Verdicts) {
		item("thread", line)
	}
	if r.Elsewhere {
		item("compared", "to what points each thread came, what it returned, and the states of the modules at the end")
	} else {
		item("compared", fmt.Sprintf("%s of %s, and at %s where each thread stood and the states of the modules",
			wording.Count(r.Compared, "event"), wording.Count(r.Threads, "thread"), wording.Count(r.Looked, "position")))
	}
	if r.Died != "" {
		item("died", r.Died)
	}
	if r.Note != "" {
		item("", r.Note)
	}
	switch {
	case r.GivenUp:
		item("result", fmt.Sprintf("none: it was given up at position %d of %d", r.Done, r.Actions))
		return t.err
	case r.Same:
		item("result", t.paint(green, "the same"))
		return t.err
	}
	item("result", t.paint(red, "not")+" the same")
	if r.Elsewhere && r.Diverged != "" {
		for _, m := range r.Moves[max(0, len(r.Moves)-4):] {
			item("", m.Thread+" "+described(m.At))
		}
	}
	r.differs(t)
	return t.err
}

// manyAlike is from how many threads on, to which the same came of the same, they
// are told in one line.
const manyAlike = 4

// verdictLines says what became of threads, in a line for each, or for a flood
// of them.
func verdictLines(list []ThreadVerdict) []string {
	how := func(v ThreadVerdict) string {
		v.Thread = ""
		return strings.TrimSpace(v.words())
	}
	alike := map[string]int{}
	for _, v := range list {
		alike[how(v)]++
	}
	var lines []string
	for _, v := range list {
		switch key := how(v); {
		case alike[key] >= manyAlike:
			many := strings.Replace(key, ") has not ended", ") have not ended", 1)
			lines = append(lines, fmt.Sprintf("%d threads, %s and others %s", alike[key], v.Thread, many))
			alike[key] = 0
		case alike[key] > 0:
			lines = append(lines, v.words())
		}
	}
	return lines
}

// differs writes what differs, the trace's on the left.
func (r *MachineReplay) differs(t *text) {
	if len(r.Differ) > 0 {
		head := "at the end"
		if r.Stopped > 0 {
			head = fmt.Sprintf("position %d", r.Stopped)
		}
		rows := [][]cell{header(head, "recorded", "here")}
		for _, p := range r.Differ {
			rows = append(rows, []cell{str(p.What), str(cmp.Or(p.Here, "-")), str(cmp.Or(p.There, "-"))})
		}
		t.line("")
		t.table(rows)
	}
	if r.Thread == "" {
		return
	}
	t.line("")
	t.line("what %s did, recorded and here; event %d of it is the first that differs", clean(r.Thread, t.st.ASCII), r.Event)
	t.sideBySide(r.Before, r.Was, r.Is)
}
