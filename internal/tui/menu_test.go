package tui

import (
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// TestFaultMenuTellsBefore: what a fault will do is told before it is chosen,
// and what is chosen is a verb.
func TestFaultMenuTellsBefore(t *testing.T) {
	d := startSim(t, 100, 30, Options{}, true)
	d.keys("<space><space><space>F")
	d.shows("Faults for A", "Hold at a point", "Signal to A", "In force")
	d.keys("<enter>")
	d.shows("hold where", "hold ")
	for !strings.HasPrefix(d.m.menu.top().Chosen().text, "W4") {
		d.keys("<down>")
	}
	d.shows("Thread A, when it comes to W4", "hold W4 thread=A", "Meanwhile, from")
	d.keys("<enter>")
	d.shows("hold W4 thread=A")
	if n := len(d.m.snap.Debug.Faults); n != 2 {
		t.Errorf("%d faults in force", n)
	}
	d.keys("F<end><enter>")
	d.shows("take out", "The fault is taken out of force")
	d.keys("<enter>")
	if n := len(d.m.snap.Debug.Faults); n != 1 {
		t.Errorf("%d faults in force", n)
	}
	d.keys("Fa<down><down><enter><enter><enter>")
	faults := d.m.snap.Debug.Faults
	if f := faults[len(faults)-1]; f.Fail == 0 || f.Thread != "" {
		t.Errorf("the fault is %+v", f)
	}
}

// TestMenuItemsSayWhyNot: what cannot be chosen now says why, and stays.
func TestMenuItemsSayWhyNot(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("F7")
	d.shows("nobody has requested anything yet")
	d.keys("8")
	d.shows("the selected thread is not held")
	d.keys("<esc>")
	d.shows("Threads 2")
	vm := start(t, 80, 24, booted(), Options{})
	vm.keys("F")
	vm.shows("a fault needs threads that can be stepped")
}

// TestEveryMenuLineIsTold walks through all lists of the menu: each line is a
// verb that there is, and is told in words.
func TestEveryMenuLineIsTold(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<down>c<up>")
	lines := 0
	var walk func(v *level)
	walk = func(v *level) {
		if len(v.items) == 0 {
			t.Errorf("%s is empty", v.title)
		}
		for _, it := range v.items {
			switch {
			case it.why != "":
			case it.next != nil:
				if it.says == "" && it.text == "" {
					t.Errorf("%s: a list without words", v.title)
				}
				walk(it.next())
			default:
				lines++
				if len(it.says) < 40 {
					t.Errorf("%s: %q is told as %q", v.title, it.line, it.says)
				}
				word, _, _ := strings.Cut(it.line, " ")
				if _, err := ops.Lookup(word); err != nil {
					t.Errorf("%q: %v", it.line, err)
				}
			}
		}
	}
	walk(newFaultMenu(d.m).top())
	if lines < 100 {
		t.Errorf("only %d lines", lines)
	}
}
