package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHistoryAcrossRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state/kmodsh/history")
	h := OpenHistory(path)
	for _, l := range []string{"load ext4", "states", "load ext4", " secret", "", "bad \x1b[2J"} {
		h.Add(l)
	}
	want := []string{"states", "load ext4"}
	if d := cmp.Diff(want, h.Lines()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(want, OpenHistory(path).Lines()); d != "" {
		t.Error(d)
	}
}

// TestHistoryOfManyShells has several shells add to one file at once, which is
// long enough to be shortened meanwhile; no line may be lost or torn.
func TestHistoryOfManyShells(t *testing.T) {
	path := filepath.Join(t.TempDir(), "history")
	old := strings.Repeat("old line\n", 3*historyLines)
	if err := os.WriteFile(path, []byte(old), 0o600); err != nil {
		t.Fatal(err)
	}
	const shells, lines = 8, 20
	var wg sync.WaitGroup
	for i := range shells {
		wg.Go(func() {
			h := OpenHistory(path)
			for j := range lines {
				h.Add(fmt.Sprintf("load module_%d_%d", i, j))
			}
		})
	}
	wg.Wait()
	got := map[string]bool{}
	for _, l := range OpenHistory(path).Lines() {
		got[l] = true
	}
	if len(got) != shells*lines+1 || !got["old line"] {
		t.Errorf("%d lines, want %d", len(got), shells*lines+1)
	}
}

func TestHistoryIsBounded(t *testing.T) {
	var all strings.Builder
	for i := range 3 * historyLines {
		fmt.Fprintf(&all, "line %d\n", i)
	}
	lines := parseHistory([]byte(all.String()))
	if len(lines) != historyLines || lines[len(lines)-1] != "line 2999" {
		t.Errorf("%d lines, the last %q", len(lines), lines[len(lines)-1])
	}
}

func TestHistoryWithoutAPlace(t *testing.T) {
	h := OpenHistory(filepath.Join(os.DevNull, "history"))
	h.Add("states")
	if d := cmp.Diff([]string{"states"}, h.Lines()); d != "" {
		t.Error(d)
	}
}
