package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

var updatePlanted = flag.Bool("update-planted", false, "rewrite docs/planted.md")

// found is what a search of one trial came to.
type found struct {
	Complete  bool  `json:"complete"`
	Schedules int64 `json:"schedules"`
	Pruned    int64 `json:"pruned"`
	Missed    []string
	Found     []struct {
		Promise  string `json:"promise"`
		Says     string `json:"says"`
		Steps    int    `json:"steps"`
		Switches int    `json:"switches"`
	} `json:"found"`
}

// search explores a trial with one bug planted, or with none.
func (p planted) search(program, dir, bug string) (found, error) {
	file := filepath.Join(dir, p.given.name+"-"+p.name+"-"+bug+".kmodsh")
	text := "# title: " + p.given.name + "\n# targets: " + p.target() + "\n\n" + strings.Join(p.given.lines, "\n") + "\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return found{}, err
	}
	cmd := exec.Command(program, "--json", "explore", "--workers", "1", "-o", "-", "--promise", p.promise, file)
	cmd.Env = append(os.Environ(), plantedEnv+"="+bug)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && (!errors.As(err, &exit) || exit.ExitCode() != 1) {
		return found{}, fmt.Errorf("%v: %w\n%s%s", cmd, err, out, stderr.String())
	}
	var res struct{ Searches []found }
	if err := json.Unmarshal(out, &res); err != nil || len(res.Searches) != 1 {
		return found{}, fmt.Errorf("%v: %w, %d searches\n%s%s", cmd, err, len(res.Searches), out, stderr.String())
	}
	return res.Searches[0], nil
}

func (p planted) target() string {
	if p.on == "" {
		return "sim:v6.12"
	}
	return p.on
}

// TestPlantedBugs: explore finds each bug of the table, and without it the
// same promise is kept in every schedule of the same scenario.
func TestPlantedBugs(t *testing.T) {
	table := plantedBugs()
	program := buildPlanted(t, table)
	dir := t.TempDir()
	var mu sync.Mutex
	results := map[string]found{}
	t.Run("each", func(t *testing.T) {
		for _, p := range table {
			t.Run(p.name, func(t *testing.T) {
				t.Parallel()
				bad, err := p.search(program, dir, p.name)
				if err != nil {
					t.Fatal(err)
				}
				if len(bad.Found) != 1 {
					t.Errorf("%s is not found by %s on %s with %s: %d schedules", p.name, p.promise, p.target(), p.given.name, bad.Schedules)
				}
				good, err := p.search(program, dir, "")
				if err != nil {
					t.Fatal(err)
				}
				if len(good.Found) > 0 || !good.Complete {
					t.Errorf("%s on %s with %s, nothing planted: complete %v, %+v", p.promise, p.target(), p.given.name, good.Complete, good.Found)
				}
				mu.Lock()
				defer mu.Unlock()
				results[p.name] = bad
				t.Logf("%d schedules, %+v; without it %d schedules", bad.Schedules, bad.Found, good.Schedules+good.Pruned)
			})
		}
	})
	if t.Failed() {
		return
	}
	const page = "../../docs/planted.md"
	if *updatePlanted {
		if err := os.WriteFile(page, plantedPage(table, results), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(withoutNumbers(old), withoutNumbers(plantedPage(table, results))) {
		t.Error("docs/planted.md is not what the table of planted bugs says; run: go test ./cmd/kmodsh -run TestPlantedBugs -update-planted")
	}
}

// TestPlantRefusesStaleTable: a mutation whose text is not in the source, or
// there more than once, is an error and not a bug that is never planted.
func TestPlantRefusesStaleTable(t *testing.T) {
	const src = "package p\n\nfunc (x *T) f(n int, rest ...string) int {\n\treturn n + 1\n}\n\nfunc g() { h(); h() }\n"
	for _, tt := range []struct{ fn, old, want string }{
		{"f", "n + 1", ""},
		{"T.f", "n + 1", ""},
		{"U.f", "n + 1", "no function U.f"},
		{"f", "n + 2", "is 0 times in f"},
		{"g", "h()", "is 2 times in g"},
	} {
		text, err := plant([]byte(src), []planted{{name: "bug", fn: tt.fn, old: tt.old, new: "n"}})
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s %q: %v", tt.fn, tt.old, err)
		case err == nil && !strings.Contains(string(text), "return x.f__0(n, rest...)"):
			t.Errorf("%s %q:\n%s", tt.fn, tt.old, text)
		}
	}
}
