package ops

import (
	"context"
	"slices"
	"testing"
)

// pinned notes what is pinned.
type pinned map[int]bool

func (p pinned) Pin(_ context.Context, pos int) error { p[pos] = true; return nil }
func (p pinned) Unpin(pos int)                        { delete(p, pos) }

// TestMarkUnpins lets go of a position when its last name is given to another.
func TestMarkUnpins(t *testing.T) {
	p, st := pinned{}, &debugState{}
	for _, m := range []mark{{"a", 1}, {"b", 1}, {"a", 2}, {"b", 3}, {"b", 3}} {
		p.Pin(t.Context(), m.pos)
		st.setMark(m.name, m.pos, p)
	}
	var kept []int
	for pos := range p {
		kept = append(kept, pos)
	}
	slices.Sort(kept)
	if !slices.Equal(kept, []int{2, 3}) || len(st.marks) != 2 {
		t.Errorf("positions %v stay for the marks %v", kept, st.marks)
	}
}
