package kmod

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestDepmodMaze walks directories of which each has two links to the next: that
// ends in an error, and not after as many ways as there are. A chain of more links
// than a path may have is passed over where it becomes too long.
func TestDepmodMaze(t *testing.T) {
	dir := linkedDirs(t, 30, "a", "b")
	s := &depmodSearch{cfg: &depmodConfig{}, dir: dir, names: map[string]*depmodModule{}, warn: func(string) {}, most: 2000}
	err := s.all()
	if err == nil || !strings.Contains(err.Error(), "links lead to the same ones in many ways") {
		t.Error(err)
	}
	warned := ""
	dir = linkedDirs(t, 60, "a")
	mods, err := findModules(dir, &depmodConfig{}, func(s string) { warned += s + "\n" }, true)
	if err != nil || len(mods) != 1 || mods[0].rel != "d00/x.ko" {
		t.Error(mods, err, warned)
	}
}

// linkedDirs makes directories of which each has links to the next; in the first is
// a module.
func linkedDirs(t *testing.T, levels int, links ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := range levels {
		d := fmt.Sprintf("%s/d%02d", dir, i)
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
		for _, link := range links {
			if err := os.Symlink(fmt.Sprintf("../d%02d", i+1), d+"/"+link); err != nil {
				t.Fatal(err)
			}
		}
	}
	writeTreeFile(t, dir, "d00/x.ko", tinyModule{}.image())
	return dir
}
