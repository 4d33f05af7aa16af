package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
)

// TestLanesLookWithoutGoing looks at another position: the explanation is of
// it, the target stays; Enter goes there, Esc comes back.
func TestLanesLookWithoutGoing(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<down>c<tab>")
	d.shows("▸ Lanes 3", "step 30 of 30", "held at W4", "✗ premature", "→ 0")
	d.keys("<left><left><left>")
	d.shows("looking at 27 of 30; Enter goes there", "Step 27, looked at", "helper-1 comes to H6 verdict", "Then: minix coming", "step 30 of 30", "◇27")
	d.keys("<esc>")
	d.shows("Lanes 3", "Thread B has ended")
	d.hides("looking at")
	d.keys("[")
	d.shows("looking at 20 of 30")
	d.keys("<enter>")
	d.shows("step 20 of 30, gone back")
	d.keys("$")
	d.shows("looking at 30 of 30")
	d.keys("^<enter>")
	d.shows("step 1 of 30, gone back")
	d.keys("<enter>")
	d.shows("this is the present; Left and Right look")
	d.keys("$<enter>")
	if got := d.m.snap.Debug.Pos; got != 30 {
		t.Errorf("at %d", got)
	}
}

// TestLanesBreakpoint toggles a breakpoint on a lane, and runs into it.
func TestLanesBreakpoint(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<tab>[B")
	d.shows("◉L4")
	if list := d.s.Breakpoints(); len(list) != 1 || list[0].Point != "L4" || list[0].Thread != "A" {
		t.Fatalf("breakpoints: %+v", list)
	}
	d.keys("<lt>c")
	d.shows("A at L4")
	d.keys("B")
	if list := d.s.Breakpoints(); len(list) != 0 {
		t.Errorf("breakpoints: %+v", list)
	}
	d.hides("◉")
}

// TestChooseWhoMovesNext steps threads by their numbers, faster than they move.
func TestChooseWhoMovesNext(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("21")
	d.shows("moved last: A")
	press := func(r rune) tea.Cmd { return d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}}) }
	first := press('2')
	press('1')
	press('2')
	d.run(first)
	order := ""
	for _, m := range d.m.snap.Debug.Moves[4:] {
		order += m.Thread
	}
	if order != "BABAB" {
		t.Errorf("moved %s", order)
	}
	d.keys("3")
	d.shows("there is no thread 3")
}

// TestLanesFollow: what happens ends looking elsewhere, unless the person stays.
func TestLanesFollow(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<tab>[")
	d.shows("looking at 8 of 18")
	d.keys("2")
	d.shows("Lanes 2", "step 19 of 19")
	d.keys("[f2")
	d.shows("Lanes 2 staying", "looking at 9 of 20")
	d.keys("f")
	d.hides("looking at")
}

// TestLaneChain says whom a thread waits for, and whom that one does.
func TestLaneChain(t *testing.T) {
	d := startSim(t, 100, 30, Options{}, true)
	d.keys("c:policy kmod20<enter><down>c")
	d.keys("<tab>")
	for d.m.lanes.Selected().id != "B" {
		d.keys("<down>")
	}
	d.shows("B → helper-1 → A, held")
	screen := cells(d.screen())
	for _, want := range []string{" ←1 A", " ←3  helper-1", "▸"} {
		if !strings.Contains(screen, want) {
			t.Errorf("%q is not on the screen:\n%s", want, screen)
		}
	}
}

func TestLanesOfALongRun(t *testing.T) {
	moves := make([]kernel.Move, 20000)
	for i := range moves {
		moves[i] = kernel.Move{Pos: i + 1, Kind: "step", Thread: string(rune('A' + i%5)), Status: "ready", At: "L5", Point: "L5", Now: int64(i) * 1e6}
	}
	for _, s := range []scale{scaleLabels, scaleDense, scaleTime} {
		p := &lanesPane{scale: s, chosen: func(string) {}}
		p.SetSize(80, 12)
		snap := &Snapshot{Debug: &kernel.Snapshot{Moves: moves, Pos: 20000, End: 20000}}
		p.Sync(snap)
		look := newLook(Never, false, false)
		for _, column := range []int{19999, 0, 10000, 10001, 9990, 19999} {
			p.To(column)
			out := p.View(snap, look, true)
			if len(out) > 12 {
				t.Fatalf("%d lines", len(out))
			}
			win := p.window()
			if column < win.from || column >= win.to {
				t.Errorf("%s: column %d is not among %d to %d", s, column, win.from, win.to)
			}
			for _, line := range out {
				if width(line) > 80 {
					t.Fatalf("%s: %d cells: %q", s, width(line), line)
				}
			}
		}
	}
}
