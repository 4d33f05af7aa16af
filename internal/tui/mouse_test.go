package tui

import (
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

// find returns the cell at which a text begins on the screen.
func (d *driver) find(text string) (x, y int) {
	d.t.Helper()
	for y, line := range strings.Split(cells(d.screen()), "\n") {
		if i := strings.Index(line, text); i >= 0 {
			return width(line[:i]), y
		}
	}
	d.t.Fatalf("%q is not on the screen:\n%s", text, cells(d.screen()))
	return 0, 0
}

func (d *driver) mouse(x, y int, a tea.MouseAction, b tea.MouseButton) {
	d.run(d.send(tea.MouseMsg{X: x, Y: y, Action: a, Button: b}))
}

func (d *driver) click(text string) {
	d.t.Helper()
	x, y := d.find(text)
	d.mouse(x+1, y, tea.MouseActionPress, tea.MouseButtonLeft)
	d.mouse(x+1, y, tea.MouseActionRelease, tea.MouseButtonNone)
}

// TestMousePoints clicks on panes, lines, tabs and positions.
func TestMousePoints(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<down>c")
	d.click("A        ■ held")
	if got := d.m.threads.Selected().ID; got != "A" {
		t.Errorf("%s is selected", got)
	}
	d.click("[Events]")
	d.shows("▸ Events", "request ends")
	d.click("[Lanes]")
	d.shows("▸ Lanes")
	d.click("R4──") // of B: looks there
	d.shows("looking at 20 of 30", "B comes to R4", "Enter goes there")
	d.keys("<esc>")
	x, y := d.find("▼30")
	d.mouse(x, y, tea.MouseActionPress, tea.MouseButtonLeft)
	d.mouse(x-8, y, tea.MouseActionMotion, tea.MouseButtonLeft)
	d.shows("looking at 28 of 30", "step 30 of 30")
	d.mouse(x-16, y, tea.MouseActionMotion, tea.MouseButtonLeft)
	d.shows("looking at 26 of 30")
	d.mouse(x-16, y, tea.MouseActionRelease, tea.MouseButtonNone)
	d.shows("step 26 of 30, gone back")
	x, y = d.find(" run  ")
	x += 20
	d.mouse(x, y, tea.MouseActionPress, tea.MouseButtonLeft)
	d.mouse(76, y, tea.MouseActionMotion, tea.MouseButtonLeft)
	d.mouse(200, y, tea.MouseActionMotion, tea.MouseButtonLeft)
	d.mouse(200, y, tea.MouseActionRelease, tea.MouseButtonNone)
	if got := d.m.snap.Debug.Pos; got != 30 {
		t.Errorf("the end of the whole run is %d", got)
	}
	d.keys("?")
	before := cells(d.screen())
	d.mouse(5, 5, tea.MouseActionPress, tea.MouseButtonWheelDown)
	if cells(d.screen()) == before {
		t.Error("the wheel does not scroll the help")
	}
}

// TestMouseAnywhere points at every cell, in every layout, and nothing breaks.
func TestMouseAnywhere(t *testing.T) {
	for _, size := range []struct{ w, h int }{{80, 24}, {120, 40}, {40, 12}, {9, 5}, {1, 1}} {
		for _, debug := range []bool{true, false} {
			var d *driver
			if debug {
				d = startSim(t, size.w, size.h, Options{}, true)
				d.keys("c<down>c")
			} else {
				d = start(t, size.w, size.h, booted(), Options{})
				d.keys(":load ext4<enter>")
			}
			for y := range size.h + 1 {
				for x := 0; x <= size.w; x += 3 {
					for _, b := range []tea.MouseButton{tea.MouseButtonLeft, tea.MouseButtonWheelUp, tea.MouseButtonWheelDown, tea.MouseButtonWheelLeft, tea.MouseButtonRight} {
						d.send(tea.MouseMsg{X: x, Y: y, Action: tea.MouseActionPress, Button: b})
						d.send(tea.MouseMsg{X: size.w - x, Y: size.h - y, Action: tea.MouseActionMotion, Button: b})
					}
					d.m.drag, d.m.lanes.scrubbed = nil, false // let go without going there
				}
				d.safe()
			}
		}
	}
}
