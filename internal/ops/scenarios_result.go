package ops

import "io"

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

// WriteText writes the names and titles as a table.
func (r *ScenariosResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	rows := [][]cell{header("scenario", "title")}
	for _, s := range r.Scenarios {
		rows = append(rows, []cell{str(s.Name), str(s.Title)})
	}
	t.table(rows)
	return t.err
}
