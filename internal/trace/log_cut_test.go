package trace

import "testing"

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
