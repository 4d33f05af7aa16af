package tui

import (
	"errors"
	"strings"
	"testing"
)

// TestLessonOnTheScreen: a lesson opens a target of its own, and what it says
// stays in sight; a letter at the command line answers, as at a prompt.
func TestLessonOnTheScreen(t *testing.T) {
	d := startSim(t, 100, 50, Options{}, false)
	old := d.m.feed.epoch
	d.keys(":tour 8<enter>")
	d.shows("? What does request_module() return?", "c) -ENOENT", "will request nosuch")
	if d.m.feed.epoch == old {
		t.Error("the lesson is on the target from before")
	}
	d.keys(":c<enter>")
	d.shows("No. Think again:")
	d.keys(":a<enter>")
	d.shows("Right.", "> continue") // a long text is shown from its beginning
	d.keys(":b<enter>")
	d.shows("Right.", "So a careful caller")
	d.keys(":back<enter>:check<enter>")
	d.shows("Not yet.")
}

// TestLessonOnASmallScreen: where there is room for one pane, it is the lesson's.
func TestLessonOnASmallScreen(t *testing.T) {
	d := startSim(t, 40, 12, Options{}, false)
	d.keys(":tour 8<enter>")
	d.shows("Output: tour 8")
}

// TestReplacedIsNotDown: a target that the session has closed to put another in
// its place has not gone down.
func TestReplacedIsNotDown(t *testing.T) {
	d := startSim(t, 100, 50, Options{}, false)
	feed := d.m.feed
	if err := d.s.Open(t.Context(), "sim:v4.9"); err != nil { // a verb is about to tell so
		t.Fatal(err)
	}
	d.send(listMsg{epoch: feed.epoch, down: errors.New("target closed")})
	if d.m.snap.Down != nil || strings.Contains(d.text(), "went down") {
		t.Errorf("it is said to have gone down: %v", d.m.snap.Down)
	}
}
