package recording_test

import (
	"bytes"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
)

// TestMovesAsTheyWere: what a recording tells of each step is what the target
// told, also where a thread ended without an event and woke another.
func TestMovesAsTheyWere(t *testing.T) {
	target, err := sim.Open("v6.12")
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	ctx := t.Context()
	if err := target.Spawn(ctx, "A", kernel.Task{Verb: "request", Name: "fs-minix"}); err != nil {
		t.Fatal(err)
	}
	look := func() *kernel.Snapshot {
		s, err := target.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	var file bytes.Buffer
	w, err := recording.NewWriter(&file, recording.Header{Target: target.Name(), Steps: true})
	if err != nil {
		t.Fatal(err)
	}
	list := []*kernel.Snapshot{look()}
	if _, err := target.Run(ctx, kernel.RunOptions{Stop: func(_ kernel.Stop, at func() *kernel.Snapshot) bool {
		list = append(list, at())
		return false
	}}); err != nil {
		t.Fatal(err)
	}
	told := 0
	for _, s := range append(list, look()) {
		for ; told < len(s.Events); told++ {
			w.Event(s.Events[told])
		}
		w.Snapshot(s)
	}
	if err := w.Close(""); err != nil {
		t.Fatal(err)
	}
	rec, err := recording.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	want := map[int]kernel.Move{}
	for _, m := range look().Moves {
		want[m.Pos] = m
	}
	got := rec.Moves()
	if len(got) < 40 {
		t.Fatalf("%d moves", len(got))
	}
	for _, m := range got {
		if d := cmp.Diff(want[m.Pos], m); d != "" {
			t.Errorf("position %d (-target +recording):\n%s", m.Pos, d)
		}
	}
}
