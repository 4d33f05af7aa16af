package main

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

var update = flag.Bool("update", false, "rewrite what the guide shows")

// shownFirst and shownLast are how many lines of a long answer the guide shows.
const (
	shownFirst = 3
	shownLast  = 10
)

// volatile is what another kernel model or another search may change without
// making the guide wrong.
var volatile = regexp.MustCompile(`[0-9]+|kmr1-[^ ]*`)

// TestGuide runs every command of docs/guide.md that begins with $, in order and
// in one directory, and holds what is printed against the page.
func TestGuide(t *testing.T) {
	const path = "../../docs/guide.md"
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	program := filepath.Join(dir, "kmodsh") // testscript.Main makes it one
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	script := regexp.MustCompile("(?s)```\n(.*?)```").FindSubmatch(page)
	if script == nil {
		t.Fatal("the guide has no script")
	}
	if err := os.WriteFile(filepath.Join(dir, "race.txt"), script[1], 0o600); err != nil {
		t.Fatal(err)
	}
	var out []string
	lines := strings.Split(string(page), "\n")
	for i := 0; i < len(lines); i++ {
		out = append(out, lines[i])
		line, ok := strings.CutPrefix(lines[i], "    $ ")
		if !ok {
			continue
		}
		words, err := ops.Split(line)
		if err != nil {
			t.Fatal(err)
		}
		var args []string
		for _, w := range words[1:] {
			args = append(args, w.Text)
		}
		cmd := exec.Command(program, args...)
		cmd.Dir, cmd.Env = dir, append(os.Environ(), "HOME="+dir)
		got, err := cmd.CombinedOutput()
		if code := cmd.ProcessState.ExitCode(); code != 0 && code != 1 {
			t.Errorf("%s: %v\n%s", line, err, got)
		}
		for i+1 < len(lines) && strings.HasPrefix(lines[i+1], "    ") && !strings.HasPrefix(lines[i+1], "    $ ") {
			i++
		}
		shown := slices.DeleteFunc(strings.Split(string(got), "\n"), func(l string) bool { return strings.TrimSpace(l) == "" })
		if n := len(shown); n > shownFirst+shownLast+1 {
			shown = slices.Concat(shown[:shownFirst], []string{"..."}, shown[n-shownLast:])
		}
		for _, l := range shown {
			out = append(out, strings.TrimRight("    "+clipped(l), " "))
		}
	}
	want := strings.Join(out, "\n")
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if volatile.ReplaceAllString(want, "#") != volatile.ReplaceAllString(string(page), "#") {
		t.Error("docs/guide.md is not what the program prints; run: go test ./cmd/kmodsh -run TestGuide -update")
	}
}

// clipped keeps lines, such as one with a token, from being too wide for a page.
func clipped(l string) string {
	if r := []rune(l); len(r) > 100 {
		return string(r[:97]) + "..."
	}
	return l
}
