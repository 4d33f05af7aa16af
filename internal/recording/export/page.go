package export

import (
	_ "embed"
	"encoding/json"
	"io"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// The page, what it looks like, and the program that draws it.
var (
	//go:embed page.html
	pageTemplate string
	//go:embed page.css
	pageStyle string
	//go:embed page_chart.js
	pageChart string
	//go:embed page.js
	pageScript string
)

// page writes a page that is complete in itself: the chart as data, and the
// program that draws it. Nothing is fetched from anywhere.
func page(w io.Writer, in Input) error {
	c := lay(in.Recording)
	type point struct {
		Name string `json:"name"`
		Says string `json:"says"`
		Sees string `json:"sees"`
		Func string `json:"func,omitempty"`
	}
	data := struct {
		*chart
		Title    string           `json:"title"`
		Subtitle string           `json:"subtitle"`
		Missing  string           `json:"missing,omitempty"`
		Promise  string           `json:"promise,omitempty"`
		Says     string           `json:"says,omitempty"`
		Command  string           `json:"command,omitempty"` // which does it again
		Points   map[string]point `json:"points"`
	}{chart: c, Title: titleOf(in), Subtitle: subtitleOf(in), Missing: in.Recording.Missing, Promise: in.Promise, Says: in.Says, Command: replayCommand(in), Points: map[string]point{}}
	used := map[string]bool{}
	for _, m := range c.Events {
		used[m.Point] = true
	}
	for _, p := range trace.Points() {
		if used[p.ID] {
			data.Points[p.ID] = point{p.Name, p.Says, p.Sees, functionOf(p)}
		}
	}
	// The encoder escapes <, > and &, so that no text ends the script early.
	b, err := json.Marshal(data)
	if err != nil {
		return err
	}
	title := escape(data.Title)
	_, err = io.WriteString(w, strings.NewReplacer("{{TITLE}}", title, "{{DATA}}", string(b), "{{STYLE}}", pageStyle, "{{SCRIPT}}", pageChart+pageScript).Replace(pageTemplate))
	return err
}

// functionOf names the kernel function of a point on the newest version.
func functionOf(p trace.Point) string {
	for i := len(p.Funcs) - 1; i >= 0; i-- {
		if f := p.Funcs[i]; f.Name != "" {
			return strings.TrimSpace(f.Name + " " + f.File)
		}
	}
	return ""
}
