package main

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

const scenarioUsage = "usage: kmodsh scenario list [PATTERN] | show NAME | new [--lesson] FILE"

// scenario shows the library, or begins a new scenario.
func (p *program) scenario(args []string) error {
	wrong := func(msg string) error { return &ops.UsageError{Verb: "scenario", Msg: msg, Hint: scenarioUsage} }
	if len(args) == 0 {
		return wrong("list, show or new?")
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
		return newScenario(rest[0], scenario.Template, "run it: kmodsh run")
	case what == "new" && len(rest) == 2 && slices.Contains(rest, "--lesson"):
		rest = slices.DeleteFunc(slices.Clone(rest), func(w string) bool { return w == "--lesson" })
		if len(rest) == 1 {
			return newScenario(rest[0], scenario.LessonTemplate, "take it: kmodsh tour")
		}
	}
	return wrong("list, show NAME or new FILE?")
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
func newScenario(name, template, hint string) error {
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
		_, err = fmt.Printf("%s\n%s %s\n", name, hint, name)
	}
	return err
}
