package trace

import (
	"testing"

	"pgregory.net/rapid"
)

// TestCut takes a log back, within what it keeps and beyond, and on again.
func TestCut(t *testing.T) {
	for _, tc := range []struct {
		name            string
		appended        int
		cut             uint64
		missed          uint64
		first, last     string // names of the events kept after two more
		seen, lastOfAll int
	}{
		{"short log", 3, 1, 0, "1", "b", 3, 3},
		{"full ring", 10, 8, 6, "7", "b", 4, 10},
		{"further than is kept", 10, 2, 2, "a", "b", 2, 4},
		{"to nothing", 3, 0, 0, "a", "b", 2, 2},
		{"nothing to cut", 2, 5, 0, "1", "b", 4, 4},
	} {
		l := NewLog(4)
		for i := range tc.appended {
			l.Append(Event{Name: string(rune('1' + i))})
		}
		changed := l.Changed()
		l.Cut(tc.cut)
		select {
		case <-changed:
		default:
			if tc.cut < uint64(tc.appended) {
				t.Errorf("%s: readers are not told", tc.name)
			}
		}
		l.Append(Event{Name: "a"})
		l.Append(Event{Name: "b"})
		got, missed := l.After(0, 0)
		if len(got) != tc.seen || missed != tc.missed || got[0].Name != tc.first || got[len(got)-1].Name != tc.last || int(l.Last()) != tc.lastOfAll {
			t.Errorf("%s: %d events, %d missed, last number %d: %+v", tc.name, len(got), missed, l.Last(), got)
		}
		for i, e := range got {
			if e.Seq != missed+uint64(i)+1 {
				t.Errorf("%s: event %d has number %d", tc.name, i, e.Seq)
			}
		}
	}
}

// TestRewrite lets a target go back and forth, also beyond what a log holds:
// after every move the log is what one would be that had only seen the events
// of that past, and a copy made then stays so.
func TestRewrite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 6).Draw(t, "capacity")
		l := NewLog(capacity)
		var now []Event // all of the present's past
		saved := [][]Event{nil}
		clock := int64(0)
		for range rapid.IntRange(1, 20).Draw(t, "moves") {
			switch rapid.IntRange(0, 2).Draw(t, "move") {
			case 0:
				for range rapid.IntRange(0, 8).Draw(t, "events") {
					clock++
					now = append(now[:len(now):len(now)], Event{Seq: l.Append(Event{Time: clock}), Time: clock})
				}
			case 1:
				saved = append(saved, now)
			case 2:
				to := rapid.SampledFrom(saved).Draw(t, "to")
				common := 0
				for common < min(len(to), len(now)) && to[common].Time == now[common].Time {
					common++
				}
				cuts, cut := l.Cuts(), common < len(now)
				l.Rewrite(uint64(common), to[common:])
				if (l.Cuts() != cuts) != cut {
					t.Fatalf("%d cuts became %d, forgotten is something: %v", cuts, l.Cuts(), cut)
				}
				now = to
			}
			events, missed := l.After(0, 0)
			if len(events) > capacity || int(missed)+len(events) != len(now) {
				t.Fatalf("%d events kept of %d, %d missed", len(events), len(now), missed)
			}
			for i, e := range events {
				if w := now[int(missed)+i]; e.Seq != w.Seq || e.Time != w.Time {
					t.Fatalf("event %+v, want %+v", e, w)
				}
			}
			at := rapid.IntRange(0, len(now)).Draw(t, "copy at")
			c := l.Copy(uint64(at))
			l2, _ := c.After(0, 0)
			if c.Last() != uint64(at) || len(l2) > at {
				t.Fatalf("a copy up to %d has %d events and ends at %d", at, len(l2), c.Last())
			}
			if seq := c.Append(Event{}); seq != uint64(at+1) || l.Last() != uint64(len(now)) {
				t.Fatalf("a copy counts on at %d, and the log is at %d", seq, l.Last())
			}
		}
	})
}
