package ops_test

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/scenario"
)

// required are patterns of names that the library must have.
func required() []string {
	list := []string{
		"seed/test-driver", "seed/early-leak", "seed/thread-limit", "seed/failure-propagation",
		"seed/builtin-race", "seed/builtin-race-unload", "seed/sanity-check", "seed/zero-means-ready",
		"seed/builtin-lookup", "seed/aliases", "seed/init-requests", "seed/umh-disabled", "seed/umh-[a-z-]+", "wild/[a-z-]+",
	}
	for n := 1; n <= 10; n++ { // the ways one failure spreads; some have parts, as m2a and m3-unload
		list = append(list, fmt.Sprintf("seed/failure-m%d([a-z-][a-z-]*)?", n))
	}
	for n := 1; n <= 35; n++ {
		list = append(list, fmt.Sprintf("vector/v%02d", n))
	}
	for n := 1; n <= 13; n++ {
		list = append(list, fmt.Sprintf("kselftest/%04d", n))
	}
	return list
}

// TestLibraryIsComplete fails when a scenario is missing, or does not run on
// the kernels it has to be shown on.
func TestLibraryIsComplete(t *testing.T) {
	names := scenario.Names()
	for _, pattern := range required() {
		if !slices.ContainsFunc(names, regexp.MustCompile("^"+pattern+"$").MatchString) {
			t.Errorf("no scenario is called %s", pattern)
		}
	}
	for _, name := range names {
		found, err := scenario.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string][]string{
			"vector":    {"sim:v4.9", "sim:v6.1", "sim:v6.12"},
			"kselftest": {"sim:v4.9", "sim:v4.14", "sim:v6.1", "sim:v6.12"},
		}
		dir, _, _ := strings.Cut(name, "/")
		for _, target := range want[dir] {
			if !slices.Contains(found[0].Targets, target) {
				t.Errorf("%s is not for %s", name, target)
			}
		}
		if (dir == "seed" || dir == "wild") && len(found[0].Cases) < 2 {
			t.Errorf("%s shows a fault or its absence, and not both", name)
		}
		if found[0].Source == "" {
			t.Errorf("%s does not say where it is known from", name)
		}
	}
}

// TestExpectationsCanFail turns around each expectation of the vectors and the
// selftest, one at a time, on one of its targets: the scenario must then fail,
// in that line.
func TestExpectationsCanFail(t *testing.T) {
	for _, name := range scenario.Names() {
		if !strings.HasPrefix(name, "vector/") && !strings.HasPrefix(name, "kselftest/") {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found, err := scenario.Find(name)
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range flips(found[0]) {
				res := f.scenario.Run(context.Background(), simulated().OpenRunner, scenario.Options{On: []string{f.target}})
				if res.Verdict != scenario.Failed || !strings.Contains(fmt.Sprint(res), fmt.Sprintf("%s:%d:", name, f.line)) {
					t.Errorf("line %d: the opposite of what is expected passes on %s: %v", f.line, f.target, res)
				}
			}
		})
	}
}

// flip is a scenario with one expectation turned around, and a target on which
// that line is reached.
type flip struct {
	scenario *scenario.Scenario
	target   string
	line     int
}

func flips(s *scenario.Scenario) []flip {
	cases := s.Cases
	if len(cases) == 0 {
		cases = []scenario.Case{{Name: "all"}}
	}
	var list []flip
	shared := map[int]bool{} // lines before the cases are turned around once
	for _, c := range cases {
		lines := append(slices.Clone(s.Lines), c.Lines...)
		for i, l := range lines {
			cond, ok := strings.CutPrefix(l.Text, "expect ")
			if !ok || shared[l.N] {
				continue
			}
			shared[l.N] = true
			at := slices.IndexFunc(s.Targets, func(t string) bool { return scenario.For(c.Only, t) && scenario.For(l.Only, t) })
			if at < 0 {
				continue
			}
			turned := *s
			turned.Cases, turned.Lines = nil, slices.Clone(lines)
			turned.Lines[i].Text = "expect not (" + cond + ")"
			list = append(list, flip{&turned, s.Targets[at], l.N})
		}
	}
	return list
}
