package scenario

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"
)

// TestTable: what is run is written over, what is not stays, columns are sorted
// by kind and version.
func TestTable(t *testing.T) {
	name := filepath.Join(t.TempDir(), "verdicts.md")
	run := func(results ...Result) string {
		table, err := OpenTable(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			table.Add(r)
		}
		if err := table.Save(name); err != nil {
			t.Fatal(err)
		}
		var rows []string
		for _, l := range strings.Split(string(table.Bytes()), "\n") {
			if strings.HasPrefix(l, "| ") || strings.HasPrefix(l, "- ") {
				rows = append(rows, l)
			}
		}
		return strings.Join(rows, "\n")
	}
	part := func(target string, v Verdict) Result { return Result{Name: target, Verdict: v} }
	run(Result{Name: "b/x", Parts: []Result{part("vm:6.12", Passed), part("sim:v6.12", Passed)}})
	got := run(
		Result{Name: "b/x", Parts: []Result{part("sim:v4.9", Failed), {Name: "sim:v6.12", Verdict: Skipped, Elsewhere: true}}},
		Result{Name: "a/y", Parts: []Result{part("sim", Skipped), part("vm:6.1", Absent)}},
		Result{Name: "c/z", Parts: []Result{{Name: "vm:6.1", Verdict: Passed, Parts: []Result{
			part("one", Passed), {Name: "two", Verdict: Skipped, Why: "no such\n thing"}, {Name: "three", Verdict: Skipped, Elsewhere: true},
		}}, {Name: "vm:6.12", Verdict: Skipped, Why: "none at all"}}},
	)
	want := `| scenario | sim:v4.9 | sim:v6.12 | vm:6.1 | vm:6.12 |
| --- | --- | --- | --- | --- |
| a/y |  |  |  |  |
| b/x | **not ok** | - |  | ok |
| c/z |  |  | ok, 1 of 2 | - |
- ` + "`c/z` on `vm:6.1`" + `: two: no such thing
- ` + "`c/z` on `vm:6.12`" + `: none at all`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// FuzzTable: a page that was read is written and read again the same.
func FuzzTable(f *testing.F) {
	f.Add("# Verdicts\n\n| scenario | sim:v4.9 | vm:6.1 |\n| --- | --- | --- |\n| a/b | ok |  |\n")
	f.Fuzz(func(t *testing.T, text string) {
		table, err := parseTable(text)
		if err != nil {
			return
		}
		for _, target := range table.Targets {
			if !strings.Contains(target, ":") || strings.Count(strings.Join(table.Targets, "\x00"), target) > 1 {
				return // no page of ours
			}
		}
		once := table.Bytes()
		again, err := parseTable(string(once))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(once, again.Bytes()) {
			t.Fatalf("%s\n%s", once, again.Bytes())
		}
	})
}
