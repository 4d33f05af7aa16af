package lab

import "testing"

// TestThinned walks five hundred positions: what is kept is all of the newest,
// then fewer and fewer, never less than asked for a distance, and what was let
// go of is never missed later.
func TestThinned(t *testing.T) {
	for _, keep := range []int{1, 4, keepAll} {
		kept := map[int]bool{}
		for newest := range 500 {
			kept[newest] = true
			for pos := range kept {
				if thinned(pos, newest, keep) {
					delete(kept, pos)
				}
			}
			// From any position, the nearest kept one before it is near: within
			// its distance to the newest, by half at most.
			for pos := 0; pos <= newest; pos++ {
				at := pos
				for !kept[at] {
					at--
				}
				if back := pos - at; newest-pos < keep && back != 0 || back > max(0, newest-at)*2/keep {
					t.Fatalf("keep %d, newest %d: from %d back to %d", keep, newest, pos, at)
				}
			}
		}
		if n := len(kept); n > 5*keep+5 {
			t.Errorf("keep %d: %d of 500 are kept", keep, n)
		}
	}
	if thinned(0, 1<<40, 4) || thinned(0, 9, 0) || thinned(9, 9, 0) || !thinned(8, 9, 0) {
		t.Error("the ends and nothing else stay")
	}
}
