package tui

import "testing"

// TestFindGoesOnAndHidesNothing: the same keys in every pane that has lines; on
// the lanes what happened is looked for.
func TestFindGoesOnAndHidesNothing(t *testing.T) {
	d := start(t, 120, 40, booted(), Options{})
	d.keys("N")
	d.shows(`nothing was looked for yet; \ does`)
	d.keys(`\ext4<enter>`)
	d.shows("no line of Modules has ext4")
	d.keys(":load ext4<enter>" + `\jbd2<enter>`)
	d.shows("jbd2: 1 of 1; N next, P before")
	if got := d.m.modules.Selected(); got != "jbd2" {
		t.Errorf("the cursor is on %s", got)
	}
	for d.m.focus != paneEvents {
		d.keys("<tab>")
	}
	d.keys(`\ext4<enter>`)
	d.shows("ext4: ")
	first := d.m.events.Selected().Seq
	d.keys("NN")
	if d.m.events.Selected().Seq == first {
		t.Error("N stays where it was")
	}
	d.keys("PP")
	if got := d.m.events.Selected(); got.Seq != first || got.Module != "ext4" {
		t.Errorf("P comes to %+v, not to %d", got, first)
	}
	for d.m.focus != paneOutput {
		d.keys("<tab>")
	}
	d.keys(`\load ext4<enter>`)
	d.shows("load ext4: 1 of")

	s := startSim(t, 120, 40, Options{}, true)
	s.keys("c<down>c<tab>" + `\built-in<enter>`)
	s.shows("Lanes", "looking at")
	mv, ok := s.m.lanes.Looking()
	if !ok || s.m.snap.Debug.Pos == mv.Pos {
		t.Fatalf("nothing is looked at: %+v", mv)
	}
	s.keys(`\a w4<enter>`)
	if mv, ok = s.m.lanes.Looking(); !ok || mv.Thread != "A" || mv.At != "W4" && mv.Point != "W4" {
		t.Errorf("found %+v", mv)
	}
	s.keys(`\no such thing<enter>`)
	s.shows("no step on the lanes has no such thing")
	s.keys(`\<esc>N`)
	s.shows("no step on the lanes has no such thing")
}

// TestThreadsAreSortedAndFiltered: both where they are listed and on their lanes.
func TestThreadsAreSortedAndFiltered(t *testing.T) {
	d := startSim(t, 120, 40, Options{}, true)
	d.keys(":spawn C load ext4<enter>c<down>c")
	ids := func() (out string) {
		for _, r := range d.m.threads.rows {
			out += r.ID + " "
		}
		return out
	}
	made := ids()
	d.keys("O")
	d.shows("by name")
	d.keys("O")
	d.shows("by status")
	if got := ids(); got[0] != 'A' { // the one that is held
		t.Errorf("by status: %s", got)
	}
	d.keys("S")
	if got := ids(); got[len(got)-2] != 'A' {
		t.Errorf("turned round: %s", got)
	}
	d.keys("OOO")
	if got := ids(); got != made {
		t.Errorf("as made: %s, was %s", got, made)
	}
	d.keys("/held<enter>")
	d.shows("Threads 1 of", "/held")
	if got := ids(); got != "A " {
		t.Errorf("filtered: %s", got)
	}
	d.keys("/<ctrl+u>nobody<enter><space>")
	d.shows("nothing matches", "the filter hides every thread")
	d.keys("F<esc>r<esc>")
	if got := ids(); got != made {
		t.Errorf("after the filter: %s", got)
	}
	d.keys("/nobody<enter>1")
	d.shows("A is held at W4; r releases it") // the number's thread is shown again
	if got := ids(); got != made {
		t.Errorf("after a number: %s", got)
	}
	for d.m.focus != paneLanes {
		d.keys("<tab>")
	}
	d.keys("OO")
	d.shows("by status")
	if got := d.m.lanes.lanes()[0].id; got != "A" {
		t.Errorf("the first lane is %s", got)
	}
	d.keys("OOOS")
	d.shows("newest first")
}
