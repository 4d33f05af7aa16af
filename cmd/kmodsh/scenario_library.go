package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

const scenarioUsage = "usage: kmodsh scenario list [PATTERN] | show NAME | new [--lesson] FILE | check FILE..."

// scenario shows the library, or begins a new scenario.
func (p *program) scenario(args []string) error {
	wrong := func(msg string) error { return &ops.UsageError{Verb: "scenario", Msg: msg, Hint: scenarioUsage} }
	if len(args) == 0 {
		return wrong("list, show, new or check?")
	}
	switch what, rest := args[0], args[1:]; {
	case what == "list" && len(rest) <= 1:
		return p.listScenarios(append(rest, "*/*")[0])
	case what == "show" && len(rest) == 1:
		text, err := scenario.Text(rest[0])
		if err != nil {
			return &ops.UsageError{Verb: "scenario", Msg: err.Error(), Hint: nearScenario(rest[0])}
		}
		_, err = fmt.Print(text)
		return err
	case what == "new" && len(rest) == 1:
		return newScenario(rest[0], scenario.Template, "look whether it is whole: kmodsh scenario check", "run it: kmodsh run")
	case what == "new" && len(rest) == 2 && slices.Contains(rest, "--lesson"):
		rest = slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return w == "--lesson" })
		if len(rest) == 1 {
			return newScenario(rest[0], scenario.LessonTemplate, "look whether it is whole: kmodsh scenario check", "take it: kmodsh tour", "judge it: kmodsh run")
		}
	}
	if args[0] == "check" && len(args) > 1 {
		return checkScenarios(args[1:])
	}
	return wrong("list, show NAME, new FILE or check FILE?")
}

func (p *program) listScenarios(pattern string) error {
	list, err := scenario.Find(pattern)
	if err != nil {
		return &ops.UsageError{Verb: "scenario", Msg: err.Error(), Hint: scenarioUsage}
	}
	r := &ops.ScenariosResult{}
	for _, s := range list {
		r.Scenarios = append(r.Scenarios, ops.ScenarioRow{Name: s.Name, Title: s.Title, Targets: s.Targets})
	}
	return ops.Write(os.Stdout, r, p.JSON, p.front.OutStyle)
}

// newScenario writes a template to a file that is not there yet.
func newScenario(name, template string, hints ...string) error {
	if !strings.HasSuffix(name, scenario.Suffix) {
		name += scenario.Suffix
	}
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("new scenario: %w", err)
	}
	_, err = f.WriteString(template)
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		_, err = fmt.Println(name)
	}
	for _, hint := range hints {
		if err == nil {
			_, err = fmt.Println(hint, name)
		}
	}
	return err
}

// checkScenarios looks whether scenarios and lessons are whole, without running
// them: what it finds has file and line.
func checkScenarios(words []string) error {
	var failed error
	for _, w := range words {
		said, err := checkScenario(w)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for _, line := range said {
			if _, err := fmt.Println(line); err != nil {
				return err
			}
		}
	}
	if failed != nil {
		return &ops.UsageError{Msg: failed.Error(), Hint: "docs/scenarios.md and docs/lessons.md say how they are written; kmodsh scenario new FILE writes one that is whole"}
	}
	return nil
}

// checkScenario says what a file is, or a scenario of the library.
func checkScenario(word string) ([]string, error) {
	found, err := scenario.Find(word)
	if err != nil {
		return nil, err
	}
	var said []string
	for _, s := range found {
		if l, err := scenario.FindLesson(s.Name); err == nil && l.Minutes > 0 {
			if err := ops.CheckLesson(l); err != nil {
				return nil, err
			}
			kinds := map[scenario.PartKind]int{}
			for _, p := range l.Parts {
				kinds[p.Kind]++
			}
			said = append(said, fmt.Sprintf("%s: a lesson of %d minutes, questions: %d, exercises: %d, verbs: %d", s.Name, l.Minutes, kinds[scenario.Question], kinds[scenario.Exercise], kinds[scenario.Run]))
			continue
		}
		if err := ops.CheckScenario(s); err != nil {
			return nil, err
		}
		lines := len(s.Lines)
		for _, c := range s.Cases {
			lines += len(c.Lines)
		}
		said = append(said, fmt.Sprintf("%s: a scenario, cases: %d, lines: %d, targets: %s", s.Name, len(s.Cases), lines, strings.Join(s.Targets, " ")))
	}
	return said, nil
}
