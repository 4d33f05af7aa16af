package kmod_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
)

var updateThemes = flag.Bool("update", false, "rewrite docs/why.md")

// TestThemes builds the situations people ask about, and checks what they are
// told. Its page, docs/why.md, is generated from what was said.
func TestThemes(t *testing.T) {
	var page strings.Builder
	page.WriteString(themesHead)
	for _, th := range slices.Concat(themesFirst(), themesSecond()) {
		if th.cannot != "" {
			fmt.Fprintf(&page, "| %d | %s | | not explained: %s |\n", th.number, th.name, th.cannot)
			continue
		}
		t.Run(fmt.Sprintf("%d %s", th.number, th.name), func(t *testing.T) {
			said := th.said(t)
			for _, w := range th.want {
				if !strings.Contains(said, w) {
					t.Errorf("%q is not said in\n%s", w, said)
				}
			}
		})
		fmt.Fprintf(&page, "| %d | %s | %s | %s |\n", th.number, th.name, th.built, strings.ReplaceAll("`"+strings.Join(th.want, "` … `")+"`", "|", "\\|"))
	}
	file := filepath.Join("..", "..", "docs", "why.md")
	if *updateThemes {
		if err := os.WriteFile(file, []byte(page.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != page.String() {
		t.Errorf("docs/why.md is not what the test says (%v); run: go test ./internal/kmod -run Themes -update", err)
	}
}

const themesHead = `# What why explains

Generated from internal/kmod/themes_test.go, which builds each situation and checks the words on the right; do not edit:
go test ./internal/kmod -run Themes -update. The numbers are those of the themes that users and maintainers of kmod raise
most. TREE, BASE and CONF stand for the module tree, for the directory that holds its lib/modules and for a directory of
modprobe.d.

| theme | what people meet | situation | what kmodsh says |
| --- | --- | --- | --- |
`

// said runs the verbs in a new situation and returns what the last one said.
func (th theme) said(t *testing.T) string {
	t.Helper()
	r := kernelTree(t, nil)
	s := &situation{t: t, dir: r.Tree().Dir(), conf: t.TempDir(), shows: bundle.Content{Modules: []kernel.Module{}, Log: []string{}}}
	th.build(s)
	s.shows.System = &s.sys
	s.shows.Release = testRelease
	session := ops.New()
	session.SetTarget(themeTarget{bundle.NewTarget("vm:test", &s.shows), s})
	defer session.Close()
	var out bytes.Buffer
	for _, line := range th.lines {
		out.Reset()
		words := strings.Fields(strings.NewReplacer("CONF", s.conf, "TREE", s.dir).Replace(line))
		asJSON := words[0] == "--json"
		if asJSON {
			words = words[1:]
		}
		res, err := session.Exec(t.Context(), words)
		if res != nil {
			if werr := ops.Write(&out, res, asJSON, ops.Style{Width: 2000}); werr != nil {
				t.Fatal(werr)
			}
		}
		if err != nil {
			fmt.Fprintln(&out, "error:", err)
		}
		if asJSON && !json.Valid(out.Bytes()) {
			t.Errorf("no JSON: %s", out.String())
		}
	}
	text := strings.NewReplacer(s.conf, "CONF", s.dir, "TREE", strings.TrimSuffix(s.dir, "/lib/modules/"+testRelease), "BASE").Replace(out.String())
	return regexp.MustCompile(` *\n +`).ReplaceAllString(text, "\n")
}
