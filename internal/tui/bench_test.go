package tui

import (
	"cmp"
	"fmt"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

func benchModel(b *testing.B, target *fakeTarget) *Model {
	s := ops.New()
	s.SetTarget(target)
	m := New(b.Context(), s, Options{Color: TrueColor})
	m.Update(tea.WindowSizeMsg{Width: 120, Height: 40})
	m.attach(target)
	list, err := target.Modules(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	m.Update(listMsg{epoch: 1, list: list})
	return m
}

// benchStep takes what is queued, then a key, and draws; it returns what that cost.
func benchStep(m *Model, events []trace.Event) cost {
	begin := now()
	for len(events) > 0 {
		n := min(batch, len(events))
		m.Update(eventsMsg{epoch: 1, events: events[:n]})
		events = events[n:]
	}
	m.Update(tea.KeyMsg{Type: tea.KeyDown})
	if m.View() == "" {
		panic("nothing drawn")
	}
	return begin.since()
}

// cost is a span, in milliseconds: by the clock, and of processor time of this
// process, since on a busy machine the clock tells of others.
type cost struct{ clock, processor float64 }

func now() cost {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return cost{float64(time.Now().UnixNano()) / 1e6, float64(u.Utime.Nano()+u.Stime.Nano()) / 1e6}
}

func (c cost) since() cost {
	n := now()
	return cost{n.clock - c.clock, n.processor - c.processor}
}

// report gives the middle one and the slowest of a hundred, collecting of garbage
// included: p50 and p99 of processor time, clock-p99 by the clock.
func report(b *testing.B, took []cost) {
	slices.SortFunc(took, func(a, b cost) int { return cmp.Compare(a.clock, b.clock) })
	b.ReportMetric(took[len(took)*99/100].clock, "ms/key-clock-p99")
	slices.SortFunc(took, func(a, b cost) int { return cmp.Compare(a.processor, b.processor) })
	b.ReportMetric(took[len(took)/2].processor, "ms/key-p50")
	b.ReportMetric(took[len(took)*99/100].processor, "ms/key-p99")
}

// flooded makes events of many threads that load modules, from number seq+1.
func flooded(seq uint64, n int) []trace.Event {
	points := []string{"R1", "R5", "R8", "H0", "H2", "L5", "L12", "W4", "L18", "R9"}
	states := map[string]trace.State{"L5": trace.Unformed, "L12": trace.Coming, "L18": trace.Live}
	events := make([]trace.Event, n)
	for i := range events {
		at := seq + uint64(i) + 1
		p := points[at%10]
		events[i] = trace.Event{
			Seq: at, Time: int64(at) * 1e5, Point: p, Module: fmt.Sprintf("filler_%03d", at/10%200), State: states[p],
			Thread: trace.Thread{ID: fmt.Sprintf("T%d", at/10%64)},
		}
	}
	return events
}

// BenchmarkKeyOnLanes measures a key press on the lanes of a target that is
// stepped 10,000 times a second: each look, twenty a second, brings 500 events
// more, is laid out anew, and drawn.
func BenchmarkKeyOnLanes(b *testing.B) {
	target := booted()
	m := benchModel(b, target)
	snap := &kernel.Snapshot{Target: target.name, Kernel: "6.12", Events: flooded(0, 2*kernel.MaxMoves)}
	for i := range 64 {
		snap.Threads = append(snap.Threads, kernel.ThreadState{ID: fmt.Sprintf("T%d", i), Status: "ready", At: "L5"})
	}
	id := func(t trace.Thread) string { return t.ID }
	snap.Moves = kernel.MovesOf(snap.Events, id)
	m.snap.Debug = snap
	m.focus, m.bottom = paneLanes, paneLanes
	var took []cost
	for b.Loop() {
		next := *snap
		last := snap.Events[len(snap.Events)-1].Seq
		news := flooded(last, 500)
		next.Events = append(snap.Events, news...) // a target's log is no copy either
		for _, mv := range kernel.MovesOf(news, id) {
			next.Moves = kernel.AddMove(next.Moves, mv)
		}
		next.Pos, next.End = int(last)+500, int(last)+500
		snap = &next
		begin := now()
		m.Update(listMsg{epoch: 1, debug: &debugLook{epoch: 1, snap: snap, moved: "T1"}})
		m.Update(tea.KeyMsg{Type: tea.KeyDown})
		if m.View() == "" {
			b.Fatal("nothing drawn")
		}
		took = append(took, begin.since())
		m.feed.listing = false
	}
	report(b, took)
}

// TestMemoryIsBounded shows ten times as many events and looks whether that
// took more memory: what a screen keeps has an upper bound.
func TestMemoryIsBounded(t *testing.T) {
	target := booted()
	d := start(t, 120, 40, target, Options{})
	for d.m.focus != paneLanes {
		d.keys("<tab>")
	}
	seq := uint64(0)
	heap := func(rounds int) uint64 {
		for range rounds {
			d.send(eventsMsg{epoch: d.m.feed.epoch, events: flooded(seq, 2000)})
			seq += 2000
			d.m.View()
		}
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	few, many := heap(20), heap(180)
	if many > few+few/4+4<<20 {
		t.Errorf("%d KB after 40,000 events, %d KB after 400,000", few>>10, many>>10)
	}
	if n := d.m.snap.Events.Len(); n > tailSize {
		t.Errorf("%d events are kept", n)
	}
}
