package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// shows fails unless the screen has every text.
func (d *driver) shows(texts ...string) {
	d.t.Helper()
	screen := d.text()
	for _, s := range texts {
		if !strings.Contains(screen, s) {
			d.t.Errorf("the screen does not show %q:\n%s", s, screen)
		}
	}
}

func (d *driver) hides(texts ...string) {
	d.t.Helper()
	screen := d.text()
	for _, s := range texts {
		if strings.Contains(screen, s) {
			d.t.Errorf("the screen shows %q:\n%s", s, screen)
		}
	}
}

func (d *driver) names() string {
	var names []string
	for _, r := range d.m.modules.rows {
		names = append(names, r.Name)
	}
	return strings.Join(names, " ")
}

func TestFilterIsIncremental(t *testing.T) {
	target := newFake("ext4", "loop", "snd_pcm")
	d := start(t, 80, 24, target, Options{})
	d.keys("/sn")
	if got := d.names(); got != "snd snd_pcm snd_timer" {
		t.Errorf("/sn shows %q", got)
	}
	d.keys("d-p")
	if got := d.names(); got != "snd_pcm" {
		t.Errorf("/snd-p shows %q", got)
	}
	d.shows("Modules 1 of", "/snd-p")
	d.keys("<enter>")
	if got := d.names(); got != "snd_pcm" {
		t.Errorf("Enter changed the filter: %q", got)
	}
	d.keys("<esc>")
	if got := len(d.m.modules.rows); got != len(target.mods) {
		t.Errorf("Esc leaves %d of %d modules", got, len(target.mods))
	}
	d.keys("/zzz")
	d.shows("nothing matches")
	d.keys("<esc>")
	d.hides("nothing matches")
}

func TestSortByEveryColumn(t *testing.T) {
	target := newFake("ext4", "dm_mod", "loop")
	target.mods["loop"].State = trace.Coming
	d := start(t, 120, 40, target, Options{})
	first := map[column]string{colName: "crc16", colState: "loop", colRefs: "crc32c_generic", colSize: "ext4", colUsers: "crc32c_generic", colTaints: "dm_mod"}
	last := map[column]string{colName: "mbcache", colState: "mbcache", colRefs: "loop", colSize: "crc16", colUsers: "loop", colTaints: "mbcache"}
	for range columns - 1 { // sysfs is not told of here
		p := d.m.modules
		if got := p.rows[0].Name; got != first[p.sort] {
			t.Errorf("by %s the first is %s, want %s (%s)", p.sort.title(), got, first[p.sort], d.names())
		}
		if got := p.rows[len(p.rows)-1].Name; got != last[p.sort] {
			t.Errorf("by %s the last is %s, want %s (%s)", p.sort.title(), got, last[p.sort], d.names())
		}
		arrow := d.m.look.up
		if p.reverse {
			arrow = d.m.look.down
		}
		d.shows(p.sort.title() + arrow)
		before := p.rows[0].Name
		d.keys("S")
		if compare(p.rows[0], p.rows[len(p.rows)-1], p.sort) == 0 || p.rows[0].Name == before {
			t.Errorf("S does not turn %s round: %s", p.sort.title(), d.names())
		}
		d.keys("s")
	}
	if d.m.modules.sort != colName {
		t.Error("s does not come back to the first column")
	}
}

func TestCursorStaysOnItsModule(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	d.keys("<down><down>")
	want := d.m.modules.Selected()
	d.keys(":load ext4<enter>")
	if got := d.m.modules.Selected(); got != want {
		t.Errorf("after a load the cursor is on %q, was on %q", got, want)
	}
	d.keys("ssS")
	if got := d.m.modules.Selected(); got != want {
		t.Errorf("after sorting the cursor is on %q, was on %q", got, want)
	}
	// When the module goes, the cursor stays in its place.
	target.remove(want)
	d.list()
	d.list()
	if got := d.m.modules.Selected(); got == want || got == "" {
		t.Errorf("after %s left the cursor is on %q", want, got)
	}
}

func TestUnloadedIsShownGoingOnce(t *testing.T) {
	target := newFake("loop", "squashfs")
	d := start(t, 80, 24, target, Options{})
	target.remove("loop") // nothing tells of it
	d.list()
	if r, ok := d.m.snap.Find("loop"); !ok || r.State != trace.Going || !d.m.snap.Fresh(r) {
		t.Errorf("after it left, loop is %+v, %v; want it going and marked", r, ok)
	}
	d.list()
	if _, ok := d.m.snap.Find("loop"); ok {
		t.Error("loop is still shown after another list")
	}
}

func TestEventIsNewerThanTheList(t *testing.T) {
	target := newFake("loop")
	d := start(t, 80, 24, target, Options{})
	old, err := target.Modules(t.Context()) // asked for before the load
	if err != nil {
		t.Fatal(err)
	}
	asOf := d.m.snap.Seq
	s := d.m.snap.WithEvents([]trace.Event{{Seq: 1, Point: "L18", Module: "ext4", State: trace.Live}})
	s = s.WithModules(old, asOf)
	if r, ok := s.Find("ext4"); !ok || r.State != trace.Live {
		t.Errorf("a list older than the event took the module away: %v", s.Modules)
	}
	if _, ok := d.m.snap.Find("ext4"); ok {
		t.Error("folding changed the snapshot it began with")
	}
}

func TestVerbRunsAndIsCancelled(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	for _, r := range ":load ext4" {
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}})
	}
	run := d.send(keyMsg("enter"))
	d.shows("load ext4  0 events", "Ctrl-C cancels")
	target.event(trace.Event{Point: "H0"})
	d.sync()
	d.shows("load ext4  1 event")
	d.send(progressMsg{[]Stage{{"resolve", 1, 2}}})
	d.shows("resolve █████░░░░░ 50%")

	d.keys(":load loop")
	if cmd := d.send(keyMsg("enter")); cmd != nil {
		t.Error("a second verb was started")
	}
	d.shows("still running")
	d.keys("<esc>q")
	d.shows("Quit and cancel it?")
	d.keys("n<ctrl+c>")
	d.shows("cancelling load ext4")
	d.run(run) // the load sees its context end
	d.shows("cancelled")
	if d.quit || d.m.job != nil {
		t.Error("the verb is still there, or the screen has ended")
	}
	d.keys("<ctrl+c>")
	d.shows("nothing is running")
	d.keys("q")
	if !d.quit {
		t.Error("q does not quit with nothing running")
	}
}

func TestQuitVerbAndUnknownVerb(t *testing.T) {
	d := start(t, 80, 24, booted(), Options{})
	d.keys(":lod ext4<enter>")
	d.shows("error:", "lod")
	d.keys(":load 'x<enter>")
	d.shows("quote")
	d.keys(":quit<enter>")
	if !d.quit {
		t.Error("the verb quit does not quit")
	}
}

func TestHistoryAndEditing(t *testing.T) {
	var kept []string
	d := start(t, 80, 24, booted(), Options{History: []string{"states"}, Remember: func(l string) { kept = append(kept, l) }})
	d.keys(":info loop<enter>:info loop<enter>")
	if fmt.Sprint(kept) != "[info loop]" {
		t.Errorf("remembered %q", kept)
	}
	d.keys(":half<up><up>")
	if got := d.m.prompt.String(); got != "states" {
		t.Errorf("two up: %q", got)
	}
	d.keys("<down><down>")
	if got := d.m.prompt.String(); got != "half" {
		t.Errorf("back down: %q", got)
	}
	d.keys("<home>x <end> y<left><backspace><ctrl+w>z")
	if got := d.m.prompt.String(); got != "x zy" {
		t.Errorf("edited: %q", got)
	}
	d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("a\nb\x1b"), Paste: true})
	if got := d.m.prompt.String(); got != "x za by" {
		t.Errorf("pasted: %q", got)
	}
}

func TestKeysSayWhyNot(t *testing.T) {
	d := start(t, 80, 24, nil, Options{})
	d.keys("l")
	d.shows("load needs a target")
	target := booted()
	target.unarmed = kernel.OpLoad
	d = start(t, 80, 24, target, Options{})
	d.send(d.m.available()())
	d.keys("l")
	d.shows("it is a recording")
	d.keys("f")
	d.shows("works in Lanes, Events and Console")
	d.keys("x")
	d.shows("does nothing here")
	d.keys("<tab><enter>")
	d.shows("no module")
}

// TestCompletionGoesOn: behind module= comes a name, without a blank; and a colon
// that is typed twice is one.
func TestCompletionGoesOn(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, false)
	d.keys("::hold W4 mod<tab>minix<enter>")
	d.shows(": hold W4 module=minix", "hold W4 module=minix, met 0 times")
}

func TestOneQuestionAtATime(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	f := d.m.feed
	first := f.list(0, d.s.Moved)
	for range 100 {
		if f.list(0, d.s.Moved) != nil {
			t.Fatal("a second list is under way")
		}
	}
	for range 3 {
		d.send(pollMsg{f.epoch})
	}
	d.shows("no answer for 3 s")
	if d.send(first()) == nil {
		t.Error("what was asked for meanwhile is forgotten")
	}
	d.hides("no answer")
}

// TestStageText: of work whose end is not known, how far it is is told all the same.
func TestStageText(t *testing.T) {
	l := newLook(Never, false, true)
	for want, s := range map[string]Stage{
		"boot":                      {Name: "boot"},
		"2 preemptions, steps 4711": {Name: "2 preemptions, steps", Done: 4711},
		"phases ##.. 50%":           {Name: "phases", Done: 2, Total: 4},
	} {
		if got := stageText(l, s, 4); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if got := (byCtrlC{context.Canceled}).Error(); got != "cancelled by Ctrl-C" {
		t.Error(got)
	}
}
