package explore

import (
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// Tell writes what happened in a run as numbered sentences, in the words of
// the table of points: one for each event, with a heading where another thread
// goes on.
func Tell(out io.Writer, run *sim.Run) error {
	points := map[string]trace.Point{}
	for _, p := range trace.Points() {
		points[p.ID] = p
	}
	var b strings.Builder
	last := ""
	var now int64
	for i, e := range run.World().Events() {
		if e.Time != now {
			fmt.Fprintf(&b, "\nNobody can move; the clock goes to %v.\n", e.Elapsed())
			now, last = e.Time, ""
		}
		if e.Thread.ID != last {
			fmt.Fprintf(&b, "\n%s (%s) goes on:\n", e.Thread.ID, e.Thread.Comm)
			last = e.Thread.ID
		}
		p := points[e.Point]
		says := p.Says
		if says == "" {
			says = "Something happens that the table of points does not know."
		}
		fmt.Fprintf(&b, "%4d. %-3s %s", i+1, e.Point, says)
		if more := particulars(e); more != "" {
			fmt.Fprintf(&b, " [%s]", more)
		}
		b.WriteByte('\n')
	}
	b.WriteString("\nIn the end: " + strings.ReplaceAll(Outcome(run), "; ", ";\n            ") + ".\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// particulars is what an event says besides its point.
func particulars(e trace.Event) string {
	var parts []string
	if e.Module != "" {
		m := e.Module
		if e.State != "" {
			m += " is " + string(e.State)
		}
		parts = append(parts, m)
	} else if e.Name != "" {
		parts = append(parts, e.Name)
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if e.Refs != nil {
		parts = append(parts, fmt.Sprintf("%d references", *e.Refs))
	}
	if e.Ret != nil {
		parts = append(parts, fmt.Sprintf("returns %d", *e.Ret))
	}
	return strings.Join(parts, "; ")
}

// chartColumn is the width of a thread's column, in characters.
const chartColumn = 26

// Chart writes what happened in a run as a sequence chart in text: a column for
// each thread, time going down, one event a line, a rule where the clock moved.
func Chart(out io.Writer, run *sim.Run) error {
	w := run.World()
	column := map[string]int{}
	var b strings.Builder
	heading := ""
	for i := range w.Len() {
		id := w.At(i).ID
		column[id] = i
		heading += cell(id)
	}
	b.WriteString(strings.TrimRight(heading, " ") + "\n")
	names := map[string]string{}
	for _, p := range trace.Points() {
		names[p.ID] = p.Name
	}
	begun, ended := make([]bool, w.Len()), make([]int, w.Len())
	events := w.Events()
	for i, e := range events {
		if c, ok := column[e.Thread.ID]; ok {
			ended[c] = i
		}
	}
	var now int64
	for i, e := range events {
		if e.Time != now {
			now = e.Time
			text := fmt.Sprintf("-- %v ", e.Elapsed())
			fmt.Fprintf(&b, "%s%s\n", text, strings.Repeat("-", max(0, w.Len()*chartColumn-len(text)-2)))
		}
		own, ok := column[e.Thread.ID]
		if !ok {
			continue
		}
		begun[own] = true
		var line strings.Builder
		for c := range w.Len() {
			switch {
			case c == own:
				text := e.Point + " " + names[e.Point]
				if e.Module != "" && e.State != "" {
					text = e.Point + " " + e.Module + " " + string(e.State)
				}
				if e.Ret != nil {
					text += fmt.Sprintf(" = %d", *e.Ret)
				}
				line.WriteString(cell("* " + text))
			case begun[c] && i < ended[c]:
				line.WriteString(cell("|"))
			default:
				line.WriteString(cell(""))
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// cell is a text as wide as a column.
func cell(s string) string {
	if len(s) > chartColumn-2 {
		s = s[:chartColumn-3] + "~"
	}
	return s + strings.Repeat(" ", chartColumn-len(s))
}
