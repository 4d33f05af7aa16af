package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// tableMark is the first line of a page of verdicts, before which nothing is
// read.
const tableMark = "# Verdicts"

// maxTable bounds what is read of such a page, in bytes.
const maxTable = 1 << 20

// Table is a page of verdicts: scenarios by targets. What was run is written
// over what the page had, and the rest is kept, so that targets that take long
// need not be run again with the others.
type Table struct {
	Targets []string                     // columns
	Rows    map[string]map[string]string // by scenario and target: "ok", "not ok", "-"
}

// OpenTable reads a page; one that is not there is empty.
func OpenTable(name string) (*Table, error) {
	b, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return &Table{Rows: map[string]map[string]string{}}, nil
	case err != nil:
		return nil, err
	case len(b) > maxTable:
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxTable)
	}
	t, err := ParseTable(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// ParseTable reads what Bytes wrote.
func ParseTable(text string) (*Table, error) {
	t := &Table{Rows: map[string]map[string]string{}}
	if !strings.HasPrefix(text, tableMark+"\n") {
		return nil, errors.New("no page of verdicts: it would begin with " + tableMark)
	}
	for i, line := range strings.Split(text, "\n") {
		if !strings.HasPrefix(line, "| ") {
			continue
		}
		cells := strings.Split(strings.Trim(line, "|"), "|")
		for k := range cells {
			cells[k] = strings.TrimSpace(cells[k])
		}
		switch {
		case t.Targets == nil && cells[0] == "scenario":
			t.Targets = append([]string{}, cells[1:]...)
		case t.Targets == nil || len(cells) != len(t.Targets)+1:
			return nil, fmt.Errorf("line %d: %d columns, where the table has %d", i+1, len(cells), len(t.Targets)+1)
		case strings.HasPrefix(cells[0], "---"):
		default:
			row := map[string]string{}
			for k, v := range cells[1:] {
				if v != "" {
					row[t.Targets[k]] = v
				}
			}
			t.Rows[cells[0]] = row
		}
	}
	return t, nil
}

// Add takes in what became of a scenario. A nil table takes nothing.
func (t *Table) Add(r Result) {
	if t == nil {
		return
	}
	row := t.Rows[r.Name]
	if row == nil {
		row = map[string]string{}
		t.Rows[r.Name] = row
	}
	for _, p := range r.Parts {
		if !strings.Contains(p.Name, ":") {
			continue // no target of that kind
		}
		if !slices.Contains(t.Targets, p.Name) {
			t.Targets = append(t.Targets, p.Name)
		}
		row[p.Name] = map[Verdict]string{Passed: "ok", Failed: "**not ok**", Absent: "", Skipped: "-"}[p.Verdict]
	}
}

// Bytes writes the page: simulated kernels first, each kind by version.
func (t *Table) Bytes() []byte {
	targets := slices.Clone(t.Targets)
	slices.SortFunc(targets, func(a, b string) int {
		x, y := strings.SplitN(a, ":", 2), strings.SplitN(b, ":", 2)
		if x[0] != y[0] {
			return strings.Compare(x[0], y[0])
		}
		return byVersion(strings.TrimPrefix(x[1], "v"), strings.TrimPrefix(y[1], "v"))
	})
	var b bytes.Buffer
	b.WriteString(tableMark + `

What became of each scenario on each target: ` + "`ok`" + `, all is as expected; **not ok**; ` + "`-`" + `, nothing of it is for the target, or
the target cannot do it; blank, it was not run there. Written by ` + "`kmodsh run --table`" + `; do not edit:

    kmodsh run --table docs/verdicts.md --on sim '*/*'                      # seconds; a test keeps these columns
    kmodsh run --table docs/verdicts.md --on vm:6.1 --on vm:6.12 '*/*'      # long: real kernels; other columns are kept

`)
	row := func(cells []string) { fmt.Fprintf(&b, "| %s |\n", strings.Join(cells, " | ")) }
	row(append([]string{"scenario"}, targets...))
	row(slices.Repeat([]string{"---"}, len(targets)+1))
	names := make([]string, 0, len(t.Rows))
	for name := range t.Rows {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		cells := []string{name}
		for _, target := range targets {
			cells = append(cells, t.Rows[name][target])
		}
		row(cells)
	}
	return b.Bytes()
}

// byVersion compares versions number by number.
func byVersion(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range min(len(x), len(y)) {
		if len(x[i]) != len(y[i]) {
			return len(x[i]) - len(y[i])
		}
		if c := strings.Compare(x[i], y[i]); c != 0 {
			return c
		}
	}
	return len(x) - len(y)
}

// Save writes the page in place of what was there, at once.
func (t *Table) Save(name string) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return fmt.Errorf("the table of verdicts: %w", err)
	}
	_, err = f.Write(t.Bytes())
	if err = errors.Join(err, f.Chmod(0o644), f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the table of verdicts: %w", err), os.Remove(f.Name()))
	}
	return nil
}
