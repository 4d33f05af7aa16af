package conform

import (
	"testing"

	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// TestNamesOfFiles: the name of a module and that of its file are the same.
func TestNamesOfFiles(t *testing.T) {
	for a, b := range map[string]string{"victim": "victim.ko", "snd_hda": "kernel/sound/snd-hda.ko.xz", "fs-ext4": "fs-ext4"} {
		if !same(walk.Event{Point: "L0", Name: a}, walk.Event{Point: "L0", Name: b}) {
			t.Errorf("%s and %s", a, b)
		}
	}
	if !same(walk.Event{Point: "W3"}, walk.Event{Point: "W3", Name: "holders"}) {
		t.Error("a name that one does not show")
	}
	if same(walk.Event{Point: "L0", Name: "victim"}, walk.Event{Point: "L0", Name: "user.ko"}) {
		t.Error("victim and user.ko")
	}
}

// TestEventsCompareWhatBothShow: a field that one does not show is not
// compared, an event that one has not is, and so is the order of each thread's.
func TestEventsCompareWhatBothShow(t *testing.T) {
	e := func(thread, point, module string, state trace.State, ret *int64) walk.Event {
		return walk.Event{Thread: thread, Point: point, Module: module, State: state, Ret: ret}
	}
	full := []walk.Event{e("A", "L2", "minix", "absent", nil), e("A", "H4", "minix", "live", trace.Int(0)), e("B", "R1", "", "", nil)}
	for name, tt := range map[string]struct {
		other []walk.Event
		want  string // of the first difference, "" none
	}{
		"the same":           {full, ""},
		"less is shown":      {[]walk.Event{e("A", "L2", "", "", nil), e("A", "H4", "", "", nil), e("B", "R1", "", "", nil)}, ""},
		"threads in between": {[]walk.Event{full[0], full[2], full[1]}, ""},
		"another state":      {[]walk.Event{e("A", "L2", "minix", "coming", nil), full[1], full[2]}, "event 1 of A in this move: L2 minix absent | L2 minix coming"},
		"another answer":     {[]walk.Event{full[0], e("A", "H4", "minix", "live", trace.Int(-17)), full[2]}, "event 2 of A in this move: H4 minix live ret=0 | H4 minix live ret=-17"},
		"one is missing":     {full[:2], "event 1 of B in this move: R1 | -"},
		"another order":      {[]walk.Event{full[1], full[0], full[2]}, "event 1 of A in this move: L2 minix absent | H4 minix live ret=0"},
	} {
		got := ""
		if list := events(full, tt.other); len(list) > 0 {
			got = list[0].String()
		}
		if got != tt.want {
			t.Errorf("%s: %q, want %q", name, got, tt.want)
		}
	}
}
