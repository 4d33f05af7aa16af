package ops_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// TestFaultsAreKept saves the faults in force, puts them in force on another
// target, and before the cases of a scenario.
func TestFaultsAreKept(t *testing.T) {
	ctx := context.Background()
	file := filepath.Join(t.TempDir(), "window.faults")
	on := func(target string, lines ...string) (string, error) {
		s := simulated()
		defer s.Close()
		if err := s.Open(ctx, target); err != nil {
			t.Fatal(err)
		}
		var last string
		for _, l := range lines {
			words, err := ops.Split(l)
			if err != nil {
				t.Fatal(err)
			}
			var args []string
			for _, w := range words {
				args = append(args, w.Text)
			}
			res, err := s.Exec(ctx, args)
			if err != nil {
				return last, err
			}
			last = text(res)
		}
		return last, nil
	}
	made := []string{"hold W4 module=minix", "delay R8 20ms thread=B", "fail L13 EINVAL hit=2", "lie exit:3"}
	want, err := on("sim:v6.12", append(made, "faults save --name 'the  window' "+file)...)
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil || string(b) != "# kmodsh fault plan 1\n# name: the window\n"+strings.Join(made, "\n")+"\n" {
		t.Errorf("the file (%v):\n%s", err, b)
	}
	if got, err := on("sim:v6.1", "faults load "+file); err != nil || got != want {
		t.Errorf("put in force again (%v):\n%s, want\n%s", err, got, want)
	}
	if _, err := on("sim:v6.1", "hold W4", "faults save "+file); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("written over: %v", err)
	}
	if _, err := on("sim:v6.1", "faults load "+file+".not"); ops.ExitCode(err) != ops.ExitUsage {
		t.Errorf("a file that is not there: %v", err)
	}
	plan, err := ops.ReadFaultPlan(file)
	if err != nil {
		t.Fatal(err)
	}
	sc, err := scenario.Parse("test", "# title: t\n# targets: sim:v6.12\nspawn A insmod minix\ncontinue\nexpect at(\"A\") == \"W4\" and thread(\"A\").status == \"held\"\n")
	if err != nil {
		t.Fatal(err)
	}
	for want, before := range map[scenario.Verdict][]string{scenario.Passed: plan.Lines(), scenario.Failed: nil} {
		if r := sc.Run(ctx, simulated().OpenRunner, scenario.Options{Before: before}); r.Verdict != want {
			t.Errorf("with %q before: %+v", before, r)
		}
	}
}
