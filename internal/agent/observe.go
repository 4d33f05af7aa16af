package agent

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// moduleView is what the module list said of each module when it was last read.
type moduleView map[string]seen

// seen is what an event of PointSeen tells of a module.
type seen struct {
	state trace.State
	refs  int64
}

// update takes a new reading of the module list, made at time t, and returns
// an event for each module that differs: new, changed, or gone. New and
// changed ones come in the order of the list, the gone after them in the order
// they are found, which is by name.
func (v moduleView) update(list []kernel.Module, t int64) []trace.Event {
	var events []trace.Event
	there := make(map[string]bool, len(list))
	for _, m := range list {
		there[m.Name] = true
		now := seen{m.State, m.Refs}
		if v[m.Name] != now {
			v[m.Name] = now
			events = append(events, trace.Event{
				Time: t, Point: trace.PointSeen, Module: m.Name,
				State: m.State, Refs: trace.Int(m.Refs), Source: "agent",
			})
		}
	}
	var gone []string
	for name := range v {
		if !there[name] {
			gone = append(gone, name)
		}
	}
	slices.Sort(gone)
	for _, name := range gone {
		delete(v, name)
		events = append(events, trace.Event{
			Time: t, Point: trace.PointSeen, Module: name, State: trace.Absent, Source: "agent",
		})
	}
	return events
}
