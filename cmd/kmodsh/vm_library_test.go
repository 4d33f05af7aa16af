//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/scenario"
)

// inCheck are the scenarios that TestVMLibrary runs on each kernel when it is one
// test of many: the vectors and the selftests. KMODSH_LIBRARY names others:
//
//	KMODSH_LIBRARY='*/*' go test ./cmd/kmodsh -run TestVMLibrary -timeout 4h
func inCheck() (list []string) {
	if names := strings.Fields(os.Getenv("KMODSH_LIBRARY")); len(names) > 0 {
		return names
	}
	for _, name := range scenario.Names() {
		if kind, _, _ := strings.Cut(name, "/"); kind == "vector" || kind == "kselftest" {
			list = append(list, name)
		}
	}
	return list
}

// TestVMLibrary has real kernels come to the verdicts of the simulated ones, case
// by case. A case that a machine cannot do says so, and is listed here.
func TestVMLibrary(t *testing.T) {
	onKernels(t, func(t *testing.T, bin, series string) {
		cmd := exec.CommandContext(t.Context(), bin, append([]string{"--json", "run", "--on", "sim:v" + series, "--on", "vm:" + series}, inCheck()...)...)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		out, err := cmd.Output()
		if len(out) == 0 {
			t.Fatalf("%v\n%s", err, &errs)
		}
		n := 0
		for line := range bytes.Lines(out) {
			var r scenario.Result
			if err := json.Unmarshal(line, &r); err != nil {
				t.Fatalf("%v: %s", err, line)
			}
			if len(r.Parts) != 2 {
				t.Fatalf("%s: %d targets", r.Name, len(r.Parts))
			}
			n++
			model, real := casesOf(r.Parts[0]), casesOf(r.Parts[1])
			if len(model) != len(real) {
				t.Fatalf("%s: %d cases and %d", r.Name, len(model), len(real))
			}
			for i, m := range model {
				switch v := real[i]; {
				case v.Verdict == m.Verdict:
				case v.Verdict == scenario.Skipped && slices.Contains(skipped, r.Name+" "+v.Name):
					t.Logf("%s, %s: skipped: %s", r.Name, v.Name, v.Why)
				default:
					t.Errorf("%s, %s: %s on sim:v%s, %s on vm:%s: %s %q", r.Name, v.Name, m.Verdict, series, v.Verdict, series, v.Why, v.Notes)
				}
			}
		}
		if n < len(inCheck()) {
			t.Errorf("%d scenarios were run, of %q", n, inCheck())
		}
	})
}

// casesOf returns the cases of what was run on a target.
func casesOf(r scenario.Result) []scenario.Result {
	if len(r.Parts) > 0 {
		return r.Parts
	}
	return []scenario.Result{r}
}

// skipped are the cases that a real kernel is not held to.
var skipped = []string{}
