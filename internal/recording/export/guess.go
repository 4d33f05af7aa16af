package export

import (
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// guess makes spans of events, for a target that was not stepped, or of which
// few positions were kept; what those tell is added.
func (b *layout) guess(r *recording.Recording) {
	b.know(r.Told())
	if r.Steps {
		first := true
		r.Walk(func(s *kernel.Snapshot) bool {
			b.know(s.Threads)
			if first {
				b.before(s)
				first = false
			}
			b.Permits = count(b.Permits, len(s.Events), int64(s.Permits.Used))
			b.Max = s.Permits.Max
			return true
		})
	}
	for i, e := range r.Events {
		if m := b.Events[i]; m.Lane >= 0 {
			kind, why := "runs", ""
			switch e.Point {
			case trace.PointRequest, "R8":
				kind, why = "waits", "waits for its helper"
			case trace.PointWaits:
				kind, why = "waits", "waits for "+e.Module
			}
			l := &b.Lanes[m.Lane]
			l.Spans = state(l.Spans, i, "runs", "")
			l.Spans = state(l.Spans, i+1, kind, why)
		}
		if e.Module == "" || e.State == trace.Builtin {
			continue
		}
		n := b.band(e.Module)
		switch e.State {
		case "":
		case trace.Absent:
			b.Modules[n].Spans = state(b.Modules[n].Spans, i+1, "", "")
		default:
			b.Modules[n].Spans = state(b.Modules[n].Spans, i+1, string(e.State), "")
		}
		if e.Refs != nil {
			b.Modules[n].Refs = count(b.Modules[n].Refs, i+1, *e.Refs)
		}
	}
}

// before adds the modules that were there before anything happened: those of the
// first position that no event before it tells of.
func (b *layout) before(s *kernel.Snapshot) {
	told := map[string]bool{}
	for _, e := range s.Events {
		told[e.Module] = true
	}
	for _, m := range s.Modules {
		if !told[m.Name] {
			n := b.band(m.Name)
			b.Modules[n].Spans = state(b.Modules[n].Spans, 0, string(m.State), "")
			b.Modules[n].Refs = count(b.Modules[n].Refs, 0, m.Refs)
		}
	}
}

// know takes in what is known of threads besides what they did when.
func (b *layout) know(threads []kernel.ThreadState) {
	for _, t := range threads {
		n, ok := b.lanes[t.ID]
		if !ok {
			continue
		}
		l := &b.Lanes[n]
		l.Done, l.Result, l.Verdict, l.Error = t.Done, t.Result, string(t.Verdict), t.Error
		if t.Task != "" {
			l.Task = t.Task
		}
		if p, ok := b.lanes[t.Parent]; ok && p != n {
			l.Parent = p
		}
	}
}
