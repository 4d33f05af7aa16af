package explore

import (
	"context"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/walk"
)

// outcome is what became of the threads, as Outcome tells it of a run.
func (s *live) outcome(ctx context.Context) (string, error) {
	return LiveOutcome(ctx, s.Target, s.state)
}

// LiveOutcome is Outcome of what any target shows: what each spawned thread was
// told, and what modules are there. Modules that were there from the beginning
// are among them.
func LiveOutcome(ctx context.Context, d kernel.Debugger, st *walk.State) (string, error) {
	var parts []string
	for _, t := range st.Snapshot.Threads {
		one := st.Thread(t.ID)
		if t.Task == "" || one == nil {
			continue
		}
		o, err := d.Outcome(ctx, t.ID)
		switch {
		case err != nil:
			return "", err
		case !t.Done:
			parts = append(parts, t.ID+" waits forever")
		case o.Killed:
			parts = append(parts, t.ID+" was killed")
		default:
			p := fmt.Sprintf("%s=%d", t.ID, o.Ret)
			if o.Verdict != "" {
				p += " " + string(o.Verdict)
			}
			if o.State != "" {
				p += " " + string(o.State)
			}
			parts = append(parts, p)
		}
	}
	var mods []string
	for _, m := range st.Modules {
		mods = append(mods, fmt.Sprintf("%s %s %d", m.Name, m.State, m.Refs))
	}
	if len(mods) > 0 {
		parts = append(parts, "modules: "+strings.Join(mods, ", "))
	}
	return strings.Join(parts, "; "), nil
}
