package recording

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestFullIsRead: a file that would become larger than what is read ends before
// that, says so to who writes it and to who reads it, and all that was written is
// there.
func TestFullIsRead(t *testing.T) {
	event := func(w *Writer) { w.Event(trace.Event{Point: "L1"}) }
	frame := func(w *Writer) { w.Snapshot(&kernel.Snapshot{Pos: w.end.Snapshots}) }
	for name, c := range map[string]struct {
		near func(*Writer) // makes a file that is nearly full
		more func(*Writer)
	}{
		"events":    {func(w *Writer) { w.room.events = maxEvents - 3 }, event},
		"actions":   {func(w *Writer) { w.room.actions = maxEvents - 3 }, func(w *Writer) { w.Action(w.room.actions-maxEvents+4, "x", 0) }},
		"verbs":     {func(w *Writer) { w.room.verbs = maxVerbs - 3 }, func(w *Writer) { w.Verb(Verb{Line: "states"}) }},
		"positions": {func(w *Writer) { w.room.frames = maxFrames - 3 }, frame},
		"threads":   {func(w *Writer) { w.room.items = maxItems - 3 }, frame},
		"to see": {func(w *Writer) { w.room.shown = maxShown - 3; w.room.there = 1 }, func(w *Writer) {
			w.Snapshot(&kernel.Snapshot{Pos: w.end.Snapshots, Modules: []kernel.ModuleState{{Name: "minix"}}})
		}},
		"bytes": {func(w *Writer) { w.size = maxUnpacked - spare - 150 }, event},
	} {
		var b bytes.Buffer
		w, err := NewWriter(&b, Header{Target: "sim:x", Steps: true})
		if err != nil {
			t.Fatal(err)
		}
		c.near(w)
		done := 0
		for ; done < 10; done++ {
			c.more(w)
			if err = w.Flush(); err != nil {
				break
			}
		}
		if !errors.Is(err, ErrFull) || done == 0 || done > 3 {
			t.Errorf("%s: %d more fitted, then %v", name, done, err)
		}
		if err := w.Close(""); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		r, err := Read(&b)
		if err != nil || r.Missing != "" || !strings.Contains(r.Ended, "full") {
			t.Fatalf("%s: %v, %+v", name, err, r)
		}
		if got := len(r.Events) + len(r.Actions) + len(r.Verbs) + len(r.frames); got != done {
			t.Errorf("%s: %d were written and %d read", name, done, got)
		}
	}
	// One line that is too long does not make the rest unreadable.
	var b bytes.Buffer
	w, err := NewWriter(&b, Header{Target: "sim:x"})
	if err != nil {
		t.Fatal(err)
	}
	event(w)
	w.Verb(Verb{Text: strings.Repeat("x", maxLine)})
	if err := w.Flush(); !errors.Is(err, ErrFull) {
		t.Error(err)
	}
	if err := w.Close("told to"); err != nil {
		t.Fatal(err)
	}
	if r, err := Read(&b); err != nil || r.Missing != "" || len(r.Events) != 1 || r.Ended != "told to" {
		t.Errorf("%v, %+v", err, r)
	}
}

// TestManyByFewWords: a short line that stands for a hundred thousand threads each
// time is counted by those, and positions that none is whole among are not read on
// and on: else a small file would keep who looks at it busy for hours.
func TestManyByFewWords(t *testing.T) {
	var threads strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&threads, `{"id":"%d"},`, i)
	}
	var order strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&order, `"%d",`, i)
	}
	whole := func(pos int) string {
		return fmt.Sprintf(`{"type":"snapshot","pos":%d,"key":true,"threads":[%s],"thread_order":[%s]}`, pos, strings.TrimSuffix(threads.String(), ","), strings.TrimSuffix(order.String(), ","))
	}
	lines := []string{head, whole(0)}
	for i := range 400 {
		lines = append(lines, fmt.Sprintf(`{"type":"snapshot","pos":%d,"threads":[{"id":"1"}]}`, i+1))
	}
	if _, err := Read(bytes.NewReader(packed(lines...))); err == nil || !strings.Contains(err.Error(), "threads and modules to see") {
		t.Errorf("many threads: %v", err)
	}
	lines = []string{head, `{"type":"snapshot","pos":0,"key":true}`}
	for i := range 2 * maxBetween {
		lines = append(lines, fmt.Sprintf(`{"type":"snapshot","pos":%d}`, i+1))
	}
	if _, err := Read(bytes.NewReader(packed(lines...))); err == nil || !strings.Contains(err.Error(), "in a row") {
		t.Errorf("many positions: %v", err)
	}
}
