package agent

import (
	"testing"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// TestToldOnce: a host that has the last snapshot is told only what is new; one
// that has another is told all.
func TestToldOnce(t *testing.T) {
	var o told
	ask := func(seen uint64, state trace.State) wire.Snapshot {
		s := wire.Snapshot{Listed: []kernel.Module{{Name: "minix", State: state}}, Dirs: []string{"kernel"}}
		o.shorten(&s, []kernel.ModuleState{{Name: "ext4", State: trace.Live}, {Name: "minix", State: state}}, seen)
		return s
	}
	whole := func(s wire.Snapshot) bool {
		return len(s.Modules) == 2 && s.Modules[0].Now != nil && s.Modules[1].Now != nil && s.Listed != nil && s.Dirs != nil
	}
	first := ask(0, trace.Coming)
	if !whole(first) || first.Number == 0 {
		t.Errorf("the first: %+v", first)
	}
	same := ask(first.Number, trace.Coming)
	if same.Modules[0].Same != "ext4" || same.Modules[1].Same != "minix" || same.Listed != nil || same.Dirs != nil {
		t.Errorf("nothing new: %+v", same)
	}
	next := ask(same.Number, trace.Live)
	if next.Modules[0].Same != "ext4" || next.Modules[1].Now == nil || next.Modules[1].Now.State != trace.Live || next.Listed == nil {
		t.Errorf("one is live now: %+v", next)
	}
	if again := ask(same.Number, trace.Live); !whole(again) {
		t.Errorf("one who has an older one: %+v", again)
	}
	none := wire.Snapshot{}
	if o.shorten(&none, nil, 0); none.Listed == nil {
		t.Error("no module at all must not look like no change")
	}
}
