package sim

import (
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"github.com/google/go-cmp/cmp"
)

// TestRowsAreTheText holds the rows to the text a process reads, at every step
// of loads that fail, depend on each other and are undone.
func TestRowsAreTheText(t *testing.T) {
	sys, err := TeachingSystem()
	if err != nil {
		t.Fatal(err)
	}
	p, err := ParseProfile("v6.1")
	if err != nil {
		t.Fatal(err)
	}
	r := NewRun(sys, p)
	defer r.Close()
	for i, k := range []Task{
		{Verb: "load", Name: "ext4"}, {Verb: "insmod", Name: "victim", Params: []string{"init_ret=-5"}},
		{Verb: "insmod", Name: "victim", Copy: true}, {Verb: "request", Name: "fs-btrfs"},
	} {
		if err := r.Do(Action{Kind: DoSpawn, Thread: string(rune('A' + i)), Task: &k}); err != nil {
			t.Fatal(err)
		}
	}
	w := r.World()
	rows := 0
	for range 10000 {
		ready := w.Runnable(nil)
		if len(ready) == 0 && !w.Advance() {
			break
		}
		if len(ready) > 0 {
			w.Step(ready[w.Steps()%len(ready)])
		}
		want, err := kernel.ParseModules(strings.NewReader(w.ProcModules()))
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, w.Rows()); d != "" {
			t.Fatalf("after step %d (-text +rows):\n%s", w.Steps(), d)
		}
		rows = max(rows, len(want))
	}
	if rows < 8 {
		t.Errorf("there were never more than %d rows", rows)
	}
}
