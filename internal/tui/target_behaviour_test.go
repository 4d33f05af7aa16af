package tui

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

func TestDeadTargetStaysVisible(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	target.die()
	d.list()
	d.shows("DOWN", "kernel panic", "as last seen", "virtio_blk", "Fatal exception")
	if cmd := d.send(pollMsg{d.m.feed.epoch}); cmd != nil {
		t.Error("a dead target is still asked")
	}
	d.keys("l")
	d.shows("vm:6.12 is down")
}

func TestLateAnswersOfAnotherTarget(t *testing.T) {
	d := start(t, 80, 24, booted(), Options{})
	old := d.m.feed
	late := listMsg{epoch: old.epoch, list: []kernel.Module{{Name: "ghost", State: trace.Live}}}
	other := newFake("loop")
	other.name = "vm:6.1"
	d.s.SetTarget(other)
	d.m.attach(other)
	d.sync()
	d.send(late)
	d.send(eventsMsg{epoch: old.epoch, events: []trace.Event{{Seq: 1, Module: "ghost", State: trace.Live}}})
	d.shows("vm:6.1", "loop")
	d.hides("ghost")
	if old.ctx.Err() == nil {
		t.Error("the old target is still listened to")
	}
}

func TestOpeningFailsAndAnotherOpens(t *testing.T) {
	d := start(t, 80, 24, nil, Options{Target: "vm:6.1"})
	d.s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		if name == "vm:6.1" {
			return nil, errors.New("no kernel 6.1 here")
		}
		return booted(), nil
	}
	d.run(d.m.open("vm:6.1"))
	d.shows("Could not open vm:6.1", "no kernel 6.1 here")
	d.keys(":target vm:6.1<enter>")
	d.shows("Output: target vm:6.1", "no kernel 6.1 here")
	d.keys(":target vm:6.12<enter>")
	d.shows("vm:6.12", "virtio_blk")
}

func TestLossIsShown(t *testing.T) {
	d := start(t, 80, 24, booted(), Options{})
	d.send(eventsMsg{epoch: 1, events: []trace.Event{{Seq: 1, Point: "L12", Module: "a"}, {Seq: 2, Point: "L12", Module: "b", Lost: 4}}})
	d.send(eventsMsg{epoch: 1, events: []trace.Event{{Seq: 10, Point: "L12", Module: "c"}}})
	d.shows("11 lost", "(4 lost before) b", "(7 lost before) c")
}

func TestEventCursorStaysWhileEventsArrive(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	for i := range 300 {
		target.event(trace.Event{Point: "L12", Module: fmt.Sprintf("m%d", i)})
	}
	d.sync()
	for d.m.focus != paneEvents {
		d.keys("<tab>")
	}
	d.keys("<pgup><up>")
	want := d.m.events.Selected().Seq
	row := d.m.events.list.cursor - d.m.events.list.off
	for i := range 2 * tailSize {
		target.event(trace.Event{Point: "L12", Module: fmt.Sprintf("n%d", i)})
		if i == 500 {
			d.sync()
			if got := d.m.events.Selected().Seq; got != want {
				t.Fatalf("the cursor went from event %d to %d", want, got)
			}
			if got := d.m.events.list.cursor - d.m.events.list.off; got != row {
				t.Errorf("the line moved on the screen from %d to %d", row, got)
			}
		}
	}
	d.sync()
	if n := d.m.snap.Events.Len(); n > tailSize {
		t.Errorf("%d events are kept", n)
	}
	d.text() // the event has left the log: nothing breaks
	d.keys("f")
	if got := d.m.events.Selected().Seq; got != d.m.snap.Seq {
		t.Errorf("following shows event %d of %d", got, d.m.snap.Seq)
	}
}

func TestTreeNamesWhatIsMissing(t *testing.T) {
	target := booted()
	d := start(t, 120, 40, target, Options{})
	d.m.modules.Select("virtio_blk")
	d.m.sync()
	d.m.verbs = map[string]error{}
	if d.m.askTree() == nil || d.m.askTree() != nil {
		t.Error("the tree is asked not once")
	}
	d.send(treeMsg{epoch: 1, module: "virtio_blk", direct: []string{"virtio", "virtio_ring", "blk_mq_virtio"}})
	d.shows("needs too, by the module tree", "└─ · blk_mq_virtio")
	if d.m.askTree() != nil {
		t.Error("the tree is asked again")
	}
}

// TestWarningsOfTree: what is damaged in the tree is told beside the answer, and
// when the tree is asked by the screen itself.
func TestWarningsOfTree(t *testing.T) {
	d := start(t, 120, 40, booted(), Options{})
	d.m.run("deps ext4")
	d.send(doneMsg{job: d.m.jobs, warned: []error{errors.New("T/modules.dep.bin: damaged at byte 7")}})
	d.shows("warning: T/modules.dep.bin: damaged at byte 7")
	d.send(treeMsg{epoch: 1, module: "ext4", warned: []error{errors.New("T/modules.builtin.bin: damaged at byte 9")}})
	d.m.showOutput()
	d.shows("the module tree", "warning: T/modules.builtin.bin: damaged at byte 9")
}

func TestGoingBackShowsWhatThereIsNow(t *testing.T) {
	target := booted()
	d := start(t, 80, 24, target, Options{})
	before := target.log.Last()
	target.event(trace.Event{Point: "L12", Module: "later"})
	d.sync()
	d.shows("later")
	target.log.Cut(before)
	msg := d.m.feed.nextEvents(d.m.snap.Seq, 0)()
	if e, ok := msg.(eventsMsg); !ok || !e.cut {
		t.Fatalf("the target went back and the screen hears %+v", msg)
	}
	d.send(msg)
	d.m.feed.listing, d.m.feed.asking = false, false
	target.event(trace.Event{Point: "L12", Module: "instead"})
	d.sync()
	d.shows("instead")
	d.hides("later")
}
