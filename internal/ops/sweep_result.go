package ops

import (
	"fmt"
	"io"
	"strings"
)

// SweepRow is one phase that was made to fail.
type SweepRow struct {
	Point string   `json:"point"`
	Name  string   `json:"name"`
	Errno string   `json:"errno"`
	Hits  int      `json:"hits"` // how often the fault struck
	Ret   int64    `json:"ret"`  // what the load returned
	Left  []string `json:"left"` // what stayed behind
	// Stuck says why the load did not end, Cannot why the target cannot fail
	// there.
	Stuck  string `json:"stuck,omitempty"`
	Cannot string `json:"cannot,omitempty"`
}

// SweepResult is a sweep through the phases of a load.
type SweepResult struct {
	Target string     `json:"target"`
	Task   string     `json:"task"`
	Repeat int        `json:"repeat"` // loads for each row
	Totals bool       `json:"totals"` // the kernel's totals were compared, too
	Rows   []SweepRow `json:"rows"`
}

func (r *SweepResult) leaks() int {
	n := 0
	for _, row := range r.Rows {
		if len(row.Left) > 0 {
			n++
		}
	}
	return n
}

// what says in words what came of a row.
func (row *SweepRow) what() string {
	switch {
	case row.Cannot != "":
		return "cannot be made to fail: " + row.Cannot
	case row.Hits == 0:
		return "not on the way of this load"
	case row.Ret == 0 && row.Stuck == "":
		return "goes on all the same"
	}
	return "returned " + retWords(row.Ret)
}

// WriteText writes a row for each phase.
func (r *SweepResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	times := "once"
	if r.Repeat > 1 {
		times = fmt.Sprintf("%d times", r.Repeat)
	}
	t.wrap("", 2, fmt.Sprintf("%s on %s, made to fail %s at each phase", r.Task, r.Target, times))
	rows := [][]cell{header("point", "", "fails with", "load", "stays behind")}
	for i := range r.Rows {
		row := &r.Rows[i]
		left := painted("nothing", green)
		switch {
		case row.Cannot != "" || row.Hits == 0 && len(row.Left) == 0:
			left = str("")
		case len(row.Left) > 0:
			left = painted(strings.Join(row.Left, "; "), red)
		}
		rows = append(rows, []cell{str(row.Point), str(row.Name), str(row.Errno), str(row.what()), left})
	}
	t.table(rows)
	if !r.Totals {
		t.wrap("", 2, "accounted: /proc/modules, sysfs, references, and what each load allocated")
	} else {
		t.wrap("", 2, "accounted: /proc/modules, sysfs, references, the kernel's totals of what is allocated, and kmemleak where it has it")
	}
	return t.err
}
