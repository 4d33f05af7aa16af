package agent

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"example.org/kmodsh/internal/trace"
)

func TestMerge(t *testing.T) {
	var m merger
	at := func(t int64, point string) trace.Event { return trace.Event{Time: t, Point: point} }
	add := func(es ...trace.Event) {
		for _, e := range es {
			m.add(e)
		}
	}
	want := func(to int64, es ...trace.Event) {
		t.Helper()
		if diff := cmp.Diff(es, m.advance(to)); diff != "" {
			t.Errorf("advance to %d:\n%s", to, diff)
		}
	}
	want(5)
	add(at(30, "L16"), at(10, "H0"), at(20, "R6"), at(20, "G1"))
	want(5)
	want(20, at(10, "H0"), at(20, "R6"), at(20, "G1"))
	add(at(15, "H1")) // comes after what is later
	want(25, at(20, "H1"))
	want(30, at(30, "L16"))
	if !m.empty() {
		t.Error("something is left")
	}
}

func TestMergeDropsWhatIsTooMuch(t *testing.T) {
	var m merger
	for i := range pendingMax + 7 {
		m.add(trace.Event{Time: int64(i)})
	}
	got := m.advance(pendingMax)
	if len(got) != pendingMax || got[0].Lost != 7 || got[1].Lost != 0 {
		t.Errorf("%d events, the first says that %d were lost before it, the second %d", len(got), got[0].Lost, got[1].Lost)
	}
}

// TestMergeOrders checks for any arrival of events that none is lost, that
// times never go back, that events of one source keep their order, and that an
// event which is not late keeps its time.
func TestMergeOrders(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var m merger
		var out []trace.Event
		added := 0
		clocks := make([]int64, 3) // of each source; each is in order by itself
		late := map[int]bool{}
		times := map[int]int64{}
		floor, to := int64(0), int64(0)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			if rapid.IntRange(0, 4).Draw(t, "kind") == 0 {
				to += rapid.Int64Range(0, 40).Draw(t, "on")
				for _, e := range m.advance(to) {
					if e.Time > to {
						t.Fatalf("advance to %d gave out an event of %d", to, e.Time)
					}
					out = append(out, e)
					floor = max(floor, e.Time)
				}
				continue
			}
			source := rapid.IntRange(0, 2).Draw(t, "source")
			clocks[source] += rapid.Int64Range(0, 5).Draw(t, "later")
			m.add(trace.Event{Time: clocks[source], Thread: trace.Thread{PID: added}, Request: uint64(source)})
			late[added] = clocks[source] < floor
			times[added] = clocks[source]
			added++
		}
		out = append(out, m.advance(1<<62)...)
		if len(out) != added || !m.empty() {
			t.Fatalf("%d events came out of %d", len(out), added)
		}
		if !slices.IsSortedFunc(out, func(a, b trace.Event) int { return int(a.Time - b.Time) }) {
			t.Fatal("times go back")
		}
		last := map[uint64]int{}
		for _, e := range out {
			n := e.Thread.PID
			if prev, ok := last[e.Request]; ok && prev > n {
				t.Fatalf("source %d: its event %d came out after %d", e.Request, n, prev)
			}
			last[e.Request] = n
			if !late[n] && e.Time != times[n] {
				t.Fatalf("event %d was not late, and has time %d for %d", n, e.Time, times[n])
			}
		}
	})
}
