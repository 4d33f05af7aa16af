package ops_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/sim"
)

// simulated is a session that can open simulated kernels only.
func simulated() *ops.Session {
	s := ops.New()
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		profile, ok := strings.CutPrefix(name, "sim:")
		if !ok {
			return nil, errors.New("there is no such machine here")
		}
		return sim.Open(profile)
	}
	return s
}

// TestLibrary runs every scenario of the library on the simulated kernels it
// is for: each must give what it expects, and none may be skipped altogether.
// What came of it must be what docs/verdicts.md says.
func TestLibrary(t *testing.T) {
	page := newVerdicts(t)
	for _, name := range scenario.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := scenario.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := ops.CheckScenario(found[0]); err != nil {
				t.Fatal(err)
			}
			res := found[0].Run(context.Background(), simulated().OpenRunner, scenario.Options{})
			page.add(res)
			if res.Verdict != scenario.Passed {
				var b bytes.Buffer
				if err := scenario.NewReport(&b, 1).Add(res); err != nil {
					t.Fatal(err)
				}
				t.Errorf("%s", b.String())
			}
		})
	}
}

// TestReports runs the scenarios in testdata/scenarios and shows their report:
//
//	run on=TARGET echo
//	check
func TestReports(t *testing.T) {
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s, err := scenario.Parse("example", d.Input)
			if err == nil {
				err = ops.CheckScenario(s)
			}
			if err != nil {
				return err.Error() + "\n"
			}
			if d.Cmd == "check" {
				return "it can be run\n"
			}
			o := scenario.Options{Echo: d.HasArg("echo")}
			for _, a := range d.CmdArgs {
				if a.Key == "on" {
					o.On = a.Vals
				}
			}
			var b bytes.Buffer
			if err := scenario.NewReport(&b, 1).Add(s.Run(context.Background(), simulated().OpenRunner, o)); err != nil {
				return err.Error()
			}
			return b.String()
		})
	})
}

// TestTemplate keeps what a new scenario begins with in order.
func TestTemplate(t *testing.T) {
	s, err := scenario.Parse("template", scenario.Template)
	if err != nil {
		t.Fatal(err)
	}
	if res := s.Run(context.Background(), simulated().OpenRunner, scenario.Options{}); res.Verdict != scenario.Passed {
		t.Errorf("%+v", res)
	}
}
