package tui

import (
	"fmt"
	"strings"
	"testing"
)

// TestConsoleShowsTheLog: of a machine it is read while it shows, of a simulated
// kernel it goes with the position; reports of trouble are marked.
func TestConsoleShowsTheLog(t *testing.T) {
	d := start(t, 80, 24, booted(), Options{})
	if d.m.readConsole() != nil {
		t.Error("the log is read though it does not show")
	}
	for d.m.focus != paneConsole {
		d.keys("<tab>")
	}
	d.run(d.m.readConsole())
	d.shows("▸ Console", "ext4: loading", "hostile line")
	d.safe()
	d.keys("/loading<enter>")
	d.shows("Console 1 of 2 /loading")
	d.hides("hostile")

	s := startSim(t, 80, 24, Options{}, true)
	for s.m.focus != paneConsole {
		s.keys("<tab>")
	}
	s.shows("the kernel has logged nothing", "what the kernel would log")

	p := &consolePane{}
	p.SetSize(80, 10)
	p.take([]string{"[    1.0] fine", "[    2.0] BUG: kernel NULL pointer dereference, address: 0000000000000008", "[    2.0] Call Trace:", "[    2.0]  <TASK>"}, nil)
	p.place()
	view := strings.Join(p.View(nil, newLook(Never, false, true), false), "\n")
	if !strings.Contains(view, "x [    2.0] BUG") || strings.Contains(view, "x [    1.0]") {
		t.Errorf("marks:\n%s", view)
	}
}

// TestConsoleFilter: when a filter ends, the line that was on top of what it had left
// still is.
func TestConsoleFilter(t *testing.T) {
	p := &consolePane{stay: true}
	var lines []string
	for i := range 100 {
		lines = append(lines, fmt.Sprintf("line %d of the log", i))
	}
	p.SetSize(40, 5)
	p.take(lines, nil)
	p.filter = "6 log"
	p.place()
	p.Key(actDown)
	p.Key(actDown)
	p.filter = ""
	p.place()
	if got := p.lines[p.rows[p.list.off]]; got != "line 26 of the log" {
		t.Errorf("on top is %q", got)
	}
}
