package tui

import (
	"slices"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

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

// benchStep takes what is queued, then a key, and draws; it returns how long
// that took, in milliseconds.
func benchStep(m *Model, events []trace.Event) float64 {
	begin := time.Now()
	for len(events) > 0 {
		n := min(batch, len(events))
		m.Update(eventsMsg{epoch: 1, events: events[:n]})
		events = events[n:]
	}
	m.Update(tea.KeyMsg{Type: tea.KeyDown})
	if m.View() == "" {
		panic("nothing drawn")
	}
	return float64(time.Since(begin).Microseconds()) / 1000
}

func report(b *testing.B, took []float64) {
	slices.Sort(took)
	b.ReportMetric(took[len(took)/2], "ms/key-p50")
	b.ReportMetric(took[len(took)*99/100], "ms/key-p99")
}
