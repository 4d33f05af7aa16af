package sim

import (
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Rows is /proc/modules as kernel.ParseModules reads the text ProcModules
// makes of it, without the text: the loader core reads it many times in a
// search.
func (w *World) Rows() []kernel.Module {
	rows := make([]kernel.Module, 0, len(w.list))
	for _, m := range w.list {
		switch m.State {
		case trace.Live, trace.Coming, trace.Going:
		default:
			continue
		}
		r := kernel.Module{
			Name: m.Name, Size: w.Size(m), Refs: m.ShownRefs(), Users: make([]string, 0, len(m.Users)),
			State: m.State, Taints: m.Taints, Address: "0x0000000000000000", Permanent: m.Spec.NoExit,
		}
		for i := len(m.Users) - 1; i >= 0; i-- {
			r.Users = append(r.Users, m.Users[i].Name)
		}
		rows = append(rows, r)
	}
	return rows
}
