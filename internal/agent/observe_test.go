package agent

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func TestModuleView(t *testing.T) {
	v := moduleView{}
	row := func(name string, s trace.State, refs int64) kernel.Module {
		return kernel.Module{Name: name, State: s, Refs: refs}
	}
	saw := func(t int64, name string, s trace.State, refs int64) trace.Event {
		return trace.Event{Time: t, Point: "S1", Module: name, State: s, Refs: trace.Int(refs), Source: "agent"}
	}
	gone := func(t int64, name string) trace.Event {
		return trace.Event{Time: t, Point: "S1", Module: name, State: trace.Absent, Source: "agent"}
	}
	steps := []struct {
		list []kernel.Module
		want []trace.Event
	}{
		{nil, nil},
		{[]kernel.Module{row("b", trace.Coming, 1), row("a", trace.Live, 0)}, []trace.Event{saw(1, "b", trace.Coming, 1), saw(1, "a", trace.Live, 0)}},
		{[]kernel.Module{row("b", trace.Coming, 1), row("a", trace.Live, 0)}, nil},
		{[]kernel.Module{row("b", trace.Live, 0), row("a", trace.Live, 1)}, []trace.Event{saw(3, "b", trace.Live, 0), saw(3, "a", trace.Live, 1)}},
		{[]kernel.Module{row("b", trace.Going, -1)}, []trace.Event{saw(4, "b", trace.Going, -1), gone(4, "a")}},
		{nil, []trace.Event{gone(5, "b")}},
		{[]kernel.Module{row("b", trace.Coming, 1)}, []trace.Event{saw(6, "b", trace.Coming, 1)}},
	}
	for i, s := range steps {
		if diff := cmp.Diff(s.want, v.update(s.list, int64(i))); diff != "" {
			t.Errorf("reading %d:\n%s", i, diff)
		}
	}
}
