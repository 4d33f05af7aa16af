package kmodsh_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinks: what a page links to is there, and every page can be come to from the
// README.
func TestLinks(t *testing.T) {
	pages, err := filepath.Glob("docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link := regexp.MustCompile(`\]\(([^)#]+)(?:#[^)]*)?\)|(?:src|srcset)="([^"]+)"`)
	linked := map[string]bool{}
	for _, page := range append(pages, "README.md", "ARCHITECTURE.md", "CONTRIBUTING.md") {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			to := m[1] + m[2]
			if strings.Contains(to, "://") {
				continue
			}
			file := filepath.Join(filepath.Dir(page), to)
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%s links to %s, which is not there", page, to)
			}
			if page == "README.md" {
				linked[file] = true
			}
		}
	}
	for _, page := range pages {
		if !linked[page] {
			t.Errorf("README.md has no link to %s", page)
		}
	}
}
