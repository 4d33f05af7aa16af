package scenario

import (
	"fmt"
	"io"
	"strings"
)

// Report writes results as KTAP version 1: a plan, and a test for each
// scenario with its targets as subtests.
type Report struct {
	w   io.Writer
	n   int
	err error
}

// NewReport writes the head of a report of count scenarios.
func NewReport(w io.Writer, count int) *Report {
	r := &Report{w: w}
	r.line("", "KTAP version 1")
	r.line("", fmt.Sprintf("1..%d", count))
	return r
}

// Add writes the result of the next scenario. The error is that of the writer,
// then or before.
func (r *Report) Add(res Result) error {
	r.n++
	r.test("", r.n, res)
	return r.err
}

func (r *Report) test(indent string, n int, res Result) {
	if len(res.Parts) > 0 {
		in := indent + "  "
		r.line(in, "KTAP version 1")
		r.line(in, "# Subtest: "+plain(res.Name))
		r.line(in, fmt.Sprintf("1..%d", len(res.Parts)))
		for i, p := range res.Parts {
			r.test(in, i+1, p)
		}
	}
	for _, note := range res.Notes {
		r.line(indent, "# "+note)
	}
	line := fmt.Sprintf("ok %d %s", n, plain(res.Name))
	switch res.Verdict {
	case Failed:
		line = "not " + line
	case Skipped, Absent:
		line += " # SKIP " + plain(res.Why)
	}
	r.line(indent, line)
}

// plain keeps the mark of a directive out of names and reasons.
func plain(s string) string { return strings.ReplaceAll(s, "#", "") }

func (r *Report) line(indent, text string) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, "%s%s\n", indent, text)
	}
}
