package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kmod/applet"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// Where a page shows a command: a line of its own, in a block, or words of code in
// a sentence. A comment ends a line; what stands in brackets may be left out.
var (
	shownLine   = regexp.MustCompile(`(?m)^ *(?:\$ )?((?:[A-Z_]+=\S+ )*(?:\./kmodsh|kmodsh|go run \./cmd/kmodsh) .*)$`)
	shownInline = regexp.MustCompile("`(kmodsh [^`\n]*)`")
	comment     = regexp.MustCompile(`\s#.*$`)
	assignment  = regexp.MustCompile(`^([A-Z_]+=\S+ )+`)
	substituted = regexp.MustCompile(`\$\([^)]*\)|<\([^)]*\)`)
	oneOf       = regexp.MustCompile(`[A-Za-z]+(\|[A-Za-z]+)+`)
	ofLibrary   = regexp.MustCompile(`\b([a-z]+)/([a-z0-9*][a-z0-9*-]*)`)
)

// shownCommands are the commands of kmodsh that a page shows.
func shownCommands(page string) []string {
	var list []string
	add := func(line string) {
		line = substituted.ReplaceAllString(comment.ReplaceAllString(line, ""), "X")
		for _, part := range regexp.MustCompile(`\s*(?:;|&&|\s\|\s|\s[<>]+\s)\s*`).Split(line, -1) {
			part = assignment.ReplaceAllString(strings.TrimSpace(part), "")
			for _, program := range []string{"./kmodsh", "go run ./cmd/kmodsh", "kmodsh"} {
				if rest, ok := strings.CutPrefix(part, program+" "); ok {
					list = append(list, rest)
					break
				}
			}
		}
	}
	fenced, block, blank := false, false, true
	for _, line := range strings.Split(page, "\n") {
		if strings.HasPrefix(line, "```") {
			fenced = !fenced
		}
		block = strings.HasPrefix(line, "    ") && (block || blank)
		blank = strings.TrimSpace(line) == ""
		if m := shownLine.FindStringSubmatch(line); m != nil && (fenced || block) {
			add(m[1])
		}
	}
	for _, m := range shownInline.FindAllStringSubmatch(page, -1) {
		add(m[1])
	}
	return list
}

// understood says why the program would not understand a command: it is taken
// apart by the tables that take apart what a person types.
func understood(line string) error {
	line = strings.NewReplacer("[", "", "]", "", "...", "", "…", "").Replace(line)
	if alike := oneOf.FindString(line); alike != "" {
		for _, one := range strings.Split(alike, "|") {
			if err := understood(strings.Replace(line, alike, one, 1)); err != nil {
				return err
			}
		}
		return nil
	}
	split, err := ops.Split(line)
	if err != nil {
		return err
	}
	var args []string
	for _, w := range split {
		args = append(args, w.Text)
	}
	var f flags
	if err := parse("kmodsh", &f, args, ""); err != nil {
		return err
	}
	for _, m := range ofLibrary.FindAllStringSubmatch(line, -1) {
		if slices.ContainsFunc(scenario.Names(), func(n string) bool { return strings.HasPrefix(n, m[1]+"/") }) {
			if found, err := scenario.Find(m[0]); err != nil || len(found) == 0 {
				return fmt.Errorf("no scenario %s: %w", m[0], err)
			}
		}
	}
	if n := len(f.Words); n < 2 || strings.HasPrefix(f.Words[n-1], "--") {
		if n > 0 && !slices.Contains(slices.Concat(applet.Names(), []string{"run", "shell", "lab", "scenario", "man", "completion"}), f.Words[0]) {
			_, err = ops.Lookup(f.Words[0])
		}
		return err // a verb, or a flag of it, that is spoken of
	}
	name, words := f.Words[0], f.Words[1:]
	if slices.Contains(applet.Names(), name) || strings.ToUpper(name) == name {
		return nil // kmod's tools have tests of their own; VERB stands for any
	}
	in := func(list string, min int) error {
		if len(words) < min || len(words) > 0 && !slices.Contains(strings.Fields(list), words[0]) && strings.ToUpper(words[0]) != words[0] {
			return errors.New(name + ": not one of " + list)
		}
		return nil
	}
	switch name {
	case "run":
		return parse("run", &runFlags{}, words, "")
	case "shell":
		return parse("shell", &struct {
			Echo bool
			File string `arg:"" optional:""`
		}{}, words, "")
	case "resolve":
		return parse("resolve", &resolveFlags{}, words, "")
	case "scenario":
		return in("list show new check", 0)
	case "lab":
		return in("fetch list doctor boot driver", 0)
	case "completion":
		return in("bash zsh fish", 0)
	case "man":
		return nil
	}
	v, err := ops.Lookup(name)
	if err != nil {
		return err
	}
	return v.Check(words)
}

// TestCommandsOfPages: each command of kmodsh that the papers show is one that the
// program understands: its flags, verbs and arguments, and the scenarios it names.
func TestCommandsOfPages(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, page := range append(pages, "../../README.md", "../../ARCHITECTURE.md", "../../CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range shownCommands(string(text)) {
			if n++; line == "decompresses it itself" {
				continue // of an answer that docs/why.md quotes
			}
			if err := understood(line); err != nil {
				t.Errorf("%s: kmodsh %s: %v", filepath.Base(page), line, err)
			}
		}
	}
	if n < 120 {
		t.Errorf("only %d commands were found", n)
	}
	for _, wrong := range []string{"laod ext4", "--onn sim", "run seed/nonesuch", "export race.trace --format pdf", "lab fech 6.1", "explore --bound x seed/builtin-race"} {
		if understood(wrong) == nil {
			t.Errorf("kmodsh %s is understood", wrong)
		}
	}
}
