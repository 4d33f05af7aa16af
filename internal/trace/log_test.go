package trace

import (
	"testing"

	"pgregory.net/rapid"
)

// TestLogKeepsOrder checks the log against the plain rule it stands for: a
// reader at any place gets the newest events in order, and is told exactly how
// many it missed.
func TestLogKeepsOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 8).Draw(t, "capacity")
		n := rapid.IntRange(0, 40).Draw(t, "events")
		after := rapid.Uint64Range(0, 45).Draw(t, "after")
		limit := rapid.IntRange(0, 10).Draw(t, "limit")
		l := NewLog(capacity)
		for i := range n {
			if seq := l.Append(Event{Time: int64(i + 1)}); seq != uint64(i+1) {
				t.Fatalf("event %d got sequence number %d", i+1, seq)
			}
		}
		events, missed := l.After(after, limit)
		first := uint64(max(1, n-capacity+1))
		wantMissed := uint64(0)
		from := after + 1
		if from < first {
			wantMissed, from = first-from, first
		}
		if missed != wantMissed {
			t.Fatalf("missed %d, want %d", missed, wantMissed)
		}
		want := max(0, n-int(from)+1)
		if limit > 0 {
			want = min(want, limit)
		}
		if len(events) != want {
			t.Fatalf("got %d events, want %d", len(events), want)
		}
		for i, e := range events {
			if e.Seq != from+uint64(i) || e.Time != int64(e.Seq) {
				t.Fatalf("event %d is %+v", i, e)
			}
		}
	})
}

// TestLogWakesReaders checks that Changed, taken before a read, is closed by
// the next Append and by Close, and that a closed log takes nothing more.
func TestLogWakesReaders(t *testing.T) {
	l := NewLog(4)
	c := l.Changed()
	l.Append(Event{})
	<-c
	c = l.Changed()
	l.Close()
	<-c
	if !l.Closed() || l.Append(Event{}) != 0 || l.Last() != 1 {
		t.Error("a closed log still takes events")
	}
	<-l.Changed()
	l.Close()
}
