package scenario

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
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
	Rows    map[string]map[string]string // by scenario and target: "ok", "not ok", "-", "ok, 3 of 5"
	// Left says what was not run, and why: by scenario and target, "CASE: why".
	Left map[string]map[string][]string
}

func newTable() *Table {
	return &Table{Rows: map[string]map[string]string{}, Left: map[string]map[string][]string{}}
}

// OpenTable reads a page; one that is not there is empty.
func OpenTable(name string) (*Table, error) {
	b, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return newTable(), nil
	case err != nil:
		return nil, err
	case len(b) > maxTable:
		return nil, fmt.Errorf("%s: more than %d bytes", name, maxTable)
	}
	t, err := parseTable(string(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return t, nil
}

// parseTable reads what Bytes wrote.
func parseTable(text string) (*Table, error) {
	t := newTable()
	if !strings.HasPrefix(text, tableMark+"\n") {
		return nil, errors.New("no page of verdicts: it would begin with " + tableMark)
	}
	for i, line := range strings.Split(text, "\n") {
		if m := leftLine().FindStringSubmatch(line); m != nil {
			t.leave(m[1], m[2], m[3])
		}
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

// leftLine is a line of what was not run.
var leftLine = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile("^- `([^`]+)` on `([^`]+)`: (.+)$") })

func (t *Table) leave(name, target, why string) {
	if t.Left[name] == nil {
		t.Left[name] = map[string][]string{}
	}
	t.Left[name][target] = append(t.Left[name][target], why)
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
		if p.Verdict == Absent {
			continue
		}
		delete(t.Left[r.Name], p.Name)
		if p.Verdict == Skipped && len(p.Parts) == 0 && !p.Elsewhere {
			t.leave(r.Name, p.Name, oneText(p.Why))
		}
		all, left := 0, 0
		for _, c := range p.Parts {
			switch {
			case c.Verdict == Skipped && c.Elsewhere:
				continue
			case c.Verdict == Skipped:
				left++
				t.leave(r.Name, p.Name, oneText(c.Name+": "+c.Why))
			}
			all++
		}
		if left > 0 && p.Verdict == Passed {
			row[p.Name] = fmt.Sprintf("ok, %d of %d", all-left, all)
		}
	}
}

// oneText makes a text one line that is read back as it is.
func oneText(s string) string { return strings.Join(strings.Fields(s), " ") }

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
the target cannot do it; blank, it was not run there. Of some only the cases that a real kernel can do are run there;
what was left out, and why, is below. Written by ` + "`kmodsh run --table`" + `; do not edit:

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
	first := true
	for _, name := range names {
		for _, target := range targets {
			for _, why := range t.Left[name][target] {
				if first {
					b.WriteString("\n## Left out\n\n")
					first = false
				}
				fmt.Fprintf(&b, "- `%s` on `%s`: %s\n", name, target, why)
			}
		}
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
