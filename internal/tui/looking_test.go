package tui

import (
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// TestLookingOutlastsPolls: a target is looked at every second, and nothing has
// happened for that.
func TestLookingOutlastsPolls(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<tab>[")
	d.shows("looking at 8 of 18")
	d.list()
	d.list()
	d.shows("looking at 8 of 18")
	d.keys("B")
	d.list()
	d.shows("looking at 8 of 18", "◉L4")
}

// TestEnterOnAnEvent goes to where the event happened.
func TestEnterOnAnEvent(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c")
	for d.m.focus != paneEvents {
		d.keys("<tab>")
	}
	d.keys("<enter>")
	d.shows("this event is of the present position")
	d.keys("<up><up><up>")
	want := d.m.events.Selected().Seq
	d.keys("<enter>")
	d.shows("gone back")
	pos := d.m.snap.Debug.Pos
	if before := d.m.snap.Debug.Moves[pos-2].Events; d.m.snap.Seq < want || before >= want {
		t.Errorf("event %d did not happen on the way from %d to %d", want, before, d.m.snap.Seq)
	}
	vm := start(t, 80, 24, booted(), Options{})
	for vm.m.focus != paneEvents {
		vm.keys("<tab>")
	}
	vm.keys("<enter>")
	vm.shows("needs threads that can be stepped")
}

// TestExplanationIsOfTheTargetsVersion: a function has another file in another
// version, and the loader's own points are no kernel functions.
func TestExplanationIsOfTheTargetsVersion(t *testing.T) {
	d := startSim(t, 120, 40, Options{}, true)
	d.keys("c<down>c")
	d.m.focusOn(paneEvents)
	d.m.sync()
	d.keys("\\security<enter>")
	d.shows("Kernel function:", "security_kernel_module_request,", "security/security.c (6.12)")
	d.keys("\\built-in<enter>")
	d.shows("Rule from: internal/kmod, the loader")
}

// TestOutputShowsTheLastVerb: also when it came while another pane had its
// place, of another height.
func TestOutputShowsTheLastVerb(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("czc:help flood<enter>z")
	d.shows("Make many threads that request the same name")
	d.send(tea.WindowSizeMsg{Width: 80, Height: 30})
	d.send(tea.WindowSizeMsg{Width: 120, Height: 40})
	d.shows("Make many threads that request the same name")
}

// TestOneStepFutures: where a future has no events of its own, it says why.
func TestOneStepFutures(t *testing.T) {
	d := startSim(t, 110, 36, Options{}, true)
	d.keys("coD")
	d.shows("modules and threads are alike", "none: the events of both are the same, 19;")
	d.keys("<esc><down><space>D") // one step in the one, none in the other
	d.shows("none: nothing has happened here since they parted", "at step 18", "request begins")
	d.keys("<enter>D")
	d.shows("Futures main and future-1", "none: nothing has happened here since they parted", "at step 18")
}

// TestForkSaysWhereOneIs: the line at the foot tells of the future, not that
// nothing happened.
func TestForkSaysWhereOneIs(t *testing.T) {
	d := startSim(t, 110, 36, Options{}, true)
	d.keys("co")
	d.shows("this is future-1, one of 2 futures", "A is in the window") // the guide stays
	d.keys(":mark here<enter>")
	d.shows("18  here")
}
