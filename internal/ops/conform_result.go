package ops

import (
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/conform"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// ConformResult is what came of comparing two targets.
type ConformResult struct {
	A     string        `json:"a"` // the two targets
	B     string        `json:"b"`
	Seed  uint64        `json:"seed"`
	Cases []ConformCase `json:"cases"`
	// NotCompared says of which scenarios nothing could be, and why.
	NotCompared []string `json:"not_compared"`
}

func (r *ConformResult) moves() int {
	n := 0
	for i := range r.Cases {
		n += r.Cases[i].Moves
	}
	return n
}

// disagreements names the cases in which the two differ.
func (r *ConformResult) disagreements() []string {
	var list []string
	for _, c := range r.Cases {
		if c.Disagreement != nil {
			list = append(list, c.Name)
		}
	}
	return list
}

// allAside names the cases of which every schedule was set aside.
func (r *ConformResult) allAside() []string {
	var list []string
	for i := range r.Cases {
		if c := &r.Cases[i]; c.allAside() {
			list = append(list, c.Name)
		}
	}
	return list
}

// ConformCase is one case of it.
type ConformCase struct {
	Name    string    `json:"name"`
	Setup   []string  `json:"setup"`
	LeftOut []LeftOut `json:"left_out_lines"`
	conform.Report
}

// allAside says that every schedule was set aside, so that nothing is known.
func (c *ConformCase) allAside() bool {
	return c.Disagreement == nil && c.Schedules == 0 && c.SetAside > 0
}

// WriteText writes what was compared, and a disagreement side by side.
func (r *ConformResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.line("%s and %s, seed %d", clean(r.A, st.ASCII), clean(r.B, st.ASCII), r.Seed)
	for i := range r.Cases {
		c := &r.Cases[i]
		t.wrap("", 2, t.paint(bold, c.Name))
		item := func(label, text string) { t.wrap(fmt.Sprintf("  %-10s", label), 12, text) }
		item("compared", fmt.Sprintf("%s, %s, %s",
			wording.Count(c.Schedules, "schedule"), wording.Count(c.Moves, "move"), wording.Count(len(c.Outcomes), "outcome")))
		if c.SetAside > 0 {
			item("set aside", wording.Count(c.SetAside, "schedule")+" that differed in what was due at a time")
		}
		for _, text := range c.Aside {
			item("", text)
		}
		if len(c.Report.LeftOut) > 0 {
			item("left out", "modules that one of them had from the beginning: "+strings.Join(c.Report.LeftOut, " "))
		}
		switch {
		case c.Disagreement != nil:
			item("result", t.paint(red, "disagree"))
			r.disagreement(t, c)
		case c.allAside():
			item("result", "none: all were set aside")
		default:
			item("result", t.paint(green, "agree"))
		}
	}
	for _, n := range r.NotCompared {
		t.wrap("", 2, n)
	}
	return t.err
}

// disagreement writes the moves of both side by side, then what differs.
func (r *ConformResult) disagreement(t *text, c *ConformCase) {
	d := c.Disagreement
	item := func(label, text string) { t.wrap(fmt.Sprintf("  %-10s", label), 12, text) }
	for i, l := range c.Setup {
		item([]string{"set-up", ""}[min(i, 1)], l)
	}
	if d.Schedule > 0 {
		small := "the shortest found"
		if !d.Least {
			small = "it may go with fewer: the tries were used up"
		}
		item("schedule", fmt.Sprintf("number %d, of %s; made small: %s, %s", d.Schedule, wording.Count(d.Was, "move"), wording.Count(len(d.Choices), "move"), small))
	}
	t.line("")
	rows := [][]cell{header("move", "thread", r.A, r.B, "")}
	for i, row := range d.Rows {
		thread, mark := row.Thread, str("")
		if thread == "" {
			thread = "(clock)"
		}
		if row.Differ {
			mark = painted("differs", red)
		}
		rows = append(rows, []cell{str(fmt.Sprint(i + 1)), str(thread), str(described(row.A)), str(described(row.B)), mark})
	}
	t.table(rows)
	section := func(head string, list []conform.Difference) {
		if len(list) == 0 {
			return
		}
		t.line("")
		t.line("%s", head)
		rows := [][]cell{header("what", r.A, r.B)}
		for _, x := range list {
			rows = append(rows, []cell{str(x.What), str(x.A), str(x.B)})
		}
		t.table(rows)
	}
	section("what differs after that:", d.Differ)
	section("and in the end, when each goes on alone, every thread in its turn:", d.Ends)
	if len(d.Ends) == 0 && len(d.Rows) > 0 {
		t.line("in the end, when each goes on alone, they come to the same")
	}
}

// described adds a point's name to the words "at L0".
func described(where string) string {
	id, ok := strings.CutPrefix(where, "at ")
	if p, known := trace.LookupPoint(id); ok && known && !strings.Contains(id, " ") {
		return where + " " + p.Name
	}
	return where
}
