package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
)

// plantedPage is docs/planted.md: the table of planted bugs with what finds
// each.
func plantedPage(table []planted, results map[string]found) []byte {
	var b bytes.Buffer
	b.WriteString(`# Planted bugs

Does ` + "`kmodsh explore`" + ` find a mistake when there is one? Below are mistakes that somebody could make in the model or in the loader, each a change of one
place in the source. A test plants them one at a time and searches a scenario: each is found, and without it the same promise is kept in every
schedule of the same scenario.

    go test ./cmd/kmodsh -run TestPlantedBugs                    # all of them, about half a minute
    go test ./cmd/kmodsh -run TestPlantedBugs/each/live-wakes -v # one, with what was found

The program that people get has no switch for this. The test reads the source, adds a changed copy of each function beside it, and builds one
program with all of them by the go command's ` + "`-overlay`" + `; the environment says which copy is taken. A change whose text is no longer in the source fails the
test, so that the table cannot fall behind.

This page is made by the test with ` + "`-update-planted`" + `.

## The bugs

Schedules is how many were run to their end until the promise was broken; switches how often the smallest schedule that breaks it goes from one
thread to another. The numbers change with the search and are not compared.

| bug | what is wrong | where | scenario | target | promise that is broken | schedules | switches |
| --- | --- | --- | --- | --- | --- | --- | --- |
`)
	var trials []trial
	seen := map[string]bool{}
	for _, p := range table {
		f := results[p.name]
		fmt.Fprintf(&b, "| %s | %s | `%s` in `%s` | %s | %s | `%s` | %d | %d |\n", p.name, p.says, p.fn, strings.TrimPrefix(p.file, "internal/"),
			p.given.name, p.target(), strings.ReplaceAll(p.promise, "|", `\|`), f.Schedules, f.Found[0].Switches)
		if !seen[p.given.name] {
			trials = append(trials, p.given)
		}
		seen[p.given.name] = true
	}
	b.WriteString("\n## The changes\n\n```diff\n")
	for _, p := range table {
		fmt.Fprintf(&b, "# %s\n", p.name)
		for _, side := range []struct{ sign, text string }{{"-", p.old}, {"+", p.new}} {
			for l := range strings.SplitSeq(strings.Trim(side.text, "\n"), "\n") {
				if l = strings.TrimSpace(l); l != "" {
					fmt.Fprintf(&b, "%s %s\n", side.sign, l)
				}
			}
		}
	}
	b.WriteString("```\n\n## The scenarios\n\n```\n")
	for _, s := range trials {
		fmt.Fprintf(&b, "# %s\n%s\n\n", s.name, strings.Join(s.lines, "\n"))
	}
	return append(bytes.TrimRight(b.Bytes(), "\n"), "\n```\n"...)
}

var numbers = regexp.MustCompile(`(?m)\| \d+ \| \d+ \|$`)

// withoutNumbers is the page without what a better search changes.
func withoutNumbers(page []byte) []byte { return numbers.ReplaceAll(page, []byte("|")) }
