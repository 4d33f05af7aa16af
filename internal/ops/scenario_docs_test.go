package ops_test

import (
	"bytes"
	"context"
	"os"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// TestScenarioOfTheDocs: the file that docs/scenarios.md shows is a scenario, and
// all in it is as it expects; so is what a new one begins with.
func TestScenarioOfTheDocs(t *testing.T) {
	page, err := os.ReadFile("../../docs/scenarios.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(page), "\n```\n")
	text, _, ok := strings.Cut(text, "\n```\n")
	if !ok {
		t.Fatal("docs/scenarios.md shows no file")
	}
	for name, text := range map[string]string{"docs": text, "template": scenario.Template} {
		s, err := scenario.Parse(name, text+"\n")
		if err == nil {
			err = ops.CheckScenario(s)
		}
		if err != nil {
			t.Fatal(err)
		}
		if r := s.Run(context.Background(), simulated().OpenRunner, scenario.Options{}); r.Verdict != scenario.Passed {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// TestLoadFirstTime: a module that is there already is an error then, typed or by
// a thread.
func TestLoadFirstTime(t *testing.T) {
	s := simulated()
	defer s.Close()
	ctx := context.Background()
	if err := s.Open(ctx, "sim:v6.12"); err != nil {
		t.Fatal(err)
	}
	lines(t, s, "load --first-time minix", "load minix")
	if _, err := typed(t, s, "load --first-time minix"); err == nil || !strings.Contains(err.Error(), "EEXIST") {
		t.Errorf("a second time: %v", err)
	}
	lines(t, s, "spawn A load --first-time minix", "continue", `expect result("A") == -EEXIST`)
}

// TestStepToNoPoint: a thread may stand where no point is.
func TestStepToNoPoint(t *testing.T) {
	s := simulated()
	defer s.Close()
	if err := s.Open(context.Background(), "sim:v6.12"); err != nil {
		t.Fatal(err)
	}
	lines(t, s, "load victim", "spawn R initstate victim")
	res, err := s.Exec(context.Background(), []string{"step", "R"})
	var b bytes.Buffer
	if werr := ops.Write(&b, res, false, ops.Style{}); err != nil || werr != nil || !strings.Contains(b.String(), "R has gone a step, and stands at no point") {
		t.Errorf("%v %v\n%s", err, werr, &b)
	}
}
