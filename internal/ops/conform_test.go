package ops_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// conformed runs the verb conform.
func conformed(t *testing.T, s *ops.Session, words ...string) (*ops.ConformResult, error) {
	t.Helper()
	res, err := s.Exec(context.Background(), append([]string{"conform"}, words...))
	r, ok := res.(*ops.ConformResult)
	if !ok && err == nil {
		t.Fatalf("%v: %T", words, res)
	}
	return r, err
}

// floods have so many threads that a schedule takes seconds; make conform
// compares them too.
func floods() []string {
	return []string{"kselftest/0005", "kselftest/0006", "kselftest/0007", "kselftest/0008", "kselftest/0009", "seed/umh-limit-elsewhere"}
}

// TestConformAgreesWithItself compares each scenario of the library on a kernel
// with the same kernel that has the manners of a real one.
func TestConformAgreesWithItself(t *testing.T) {
	for _, name := range scenario.Names() {
		if slices.Contains(floods(), name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := conformed(t, withCoarse(nil), "-n", "1", name)
			if err != nil && strings.Contains(err.Error(), "spawns no thread") {
				t.Skip(err)
			}
			if err != nil {
				t.Error(err, text(r))
			}
		})
	}
}

// TestConformFindsDuplicate: a second load of the same file is told 0 since
// 6.5, and EEXIST before; the shortest schedule that shows it has both loads
// under way.
func TestConformFindsDuplicate(t *testing.T) {
	for _, real := range []string{"sim:v6.12", "6.12"} {
		r, err := conformed(t, withCoarse(nil), "--sim", "v6.1", "--vm", real, "-n", "20", "vector/v04")
		if err == nil || ops.ExitCode(err) != ops.ExitFailed || r.Cases[0].Disagreement == nil {
			t.Fatalf("%s: %v", real, err)
		}
		d := r.Cases[0].Disagreement
		if len(d.Choices) > 4 || len(d.Ends) != 1 || d.Ends[0].String() != "result of B: -EEXIST | 0" {
			t.Errorf("%s: %v, %v", real, d.Choices, d.Ends)
		}
	}
}

// TestConformSeesWhatIsWrong changes one thing that one of the two shows.
func TestConformSeesWhatIsWrong(t *testing.T) {
	module := func(change func(*kernel.ModuleState)) func(*kernel.Snapshot) {
		return func(s *kernel.Snapshot) {
			if m := s.Module("victim"); m != nil && m.State == "coming" {
				change(m)
			}
		}
	}
	for what, wrong := range map[string]func(*kernel.Snapshot){
		"references of victim": module(func(m *kernel.ModuleState) { m.Refs++ }),
		"state of victim":      module(func(m *kernel.ModuleState) { m.State = "live" }),
		"users of victim":      module(func(m *kernel.ModuleState) { m.Users = append(m.Users, "x") }),
		"/sys/module/victim":   module(func(m *kernel.ModuleState) { m.Dir = !m.Dir }),
		"permits in use":       func(s *kernel.Snapshot) { s.Permits.Used++ },
		"module no_such_module": func(s *kernel.Snapshot) {
			s.Modules = append(s.Modules, kernel.ModuleState{Name: "no_such_module", State: "live"})
		},
		"B": func(s *kernel.Snapshot) {
			if b := s.Thread("B"); b != nil && b.At == "L1" {
				b.Status = "blocked"
			}
		},
		"result of A": func(s *kernel.Snapshot) {
			if a := s.Thread("A"); a != nil && a.Done {
				a.Result = -5
			}
		},
	} {
		r, err := conformed(t, withCoarse(func(c *coarse) { c.wrong = wrong }), "-n", "10", "vector/v03")
		if what == "module no_such_module" { // it is there from the beginning: left out, and said
			if err != nil || len(r.Cases[0].Report.LeftOut) != 1 {
				t.Errorf("%s: %v", what, err)
			}
			continue
		}
		if err == nil || r.Cases[0].Disagreement == nil {
			t.Errorf("%s: not seen: %v", what, err)
			continue
		}
		found := false
		for _, d := range r.Cases[0].Disagreement.Differ {
			found = found || d.What == what
		}
		if !found {
			t.Errorf("%s: seen as %v", what, r.Cases[0].Disagreement.Differ)
		}
	}
}

// TestConformNeedsItsTargets: a target that is not there is the status that git
// bisect run skips on.
func TestConformNeedsItsTargets(t *testing.T) {
	s := withCoarse(nil)
	_, err := conformed(t, s, "--vm", "5.19", "vector/v04")
	var open *ops.OpenError
	if !errors.As(err, &open) || ops.ExitCode(err) != ops.ExitUnavailable {
		t.Errorf("%v, exit %d", err, ops.ExitCode(err))
	}
	if _, err := conformed(t, s, "nosuch/scenario"); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("%v, exit %d", err, ops.ExitCode(err))
	}
}

// text is a result as a person sees it.
func text(r ops.Result) string {
	var b strings.Builder
	if err := ops.Write(&b, r, false, ops.Style{Width: 120}); err != nil {
		return err.Error()
	}
	return b.String()
}
