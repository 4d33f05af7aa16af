package ops

import (
	"io"
	"strings"
)

// ScenarioRow is one scenario in a list.
type ScenarioRow struct {
	Name    string   `json:"name"`
	Title   string   `json:"title"`
	Targets []string `json:"targets"`
}

// ScenariosResult is a list of scenarios.
type ScenariosResult struct {
	Scenarios []ScenarioRow `json:"scenarios"`
}

// WriteText writes the list as a table.
func (r *ScenariosResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("scenario", "targets", "title")}
	for _, s := range r.Scenarios {
		rows = append(rows, []cell{str(s.Name), str(strings.Join(s.Targets, " ")), str(s.Title)})
	}
	t.table(rows)
	return t.err
}
