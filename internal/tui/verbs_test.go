package tui

import (
	"strings"
	"testing"

	"example.org/kmodsh/internal/ops"
)

// verbsOf are the verbs by which a shell does what a key does here; keys that
// only move about a screen have none.
var verbsOf = map[action]string{
	actStep: "step", actStage: "next", actContinue: "continue", actRelease: "release", actStepBack: "back", actStepForth: "goto",
	actStart: "goto", actEnd: "goto", actGoHere: "goto", actBreak: "break", actFork: "fork", actCompare: "diff",
	actFaults: "hold delay fail lie policy kill flood release faults",
	actLoad:   "load", actUnload: "unload", actInfo: "info", actSort: "states", actReverse: "states", actFilter: "events log", actFollow: "events",
	actFind: "events log", actHelp: "help", actQuit: "quit",
}

// onlyHere are the keys that go about the screen, which a shell has none of.
var onlyHere = []action{
	actLeft, actRight, actPageLeft, actPageRight, actFirstColumn, actLastColumn, actScale, actGo, actNext, actPrev, actZoom, actUp, actDown,
	actPageUp, actPageDown, actTop, actBottom, actCancel, actBack, actMouse, actSuspend, actCommand, actFindNext, actFindPrev,
}

// panesInWords are the verbs that show what a pane does.
var panesInWords = map[paneID]string{
	paneModules: "states", paneDeps: "deps", paneThreads: "threads", paneLanes: "lanes", paneEvents: "events", paneOutput: "transcript",
	paneConsole: "log", paneExplain: "info belief",
}

// TestShellHasWhatTheScreenHas: every key and every pane has its verb, which is
// in the one table that the shell reads.
func TestShellHasWhatTheScreenHas(t *testing.T) {
	known := func(who, words string) {
		for _, w := range strings.Fields(words) {
			if v, err := ops.Lookup(w); err != nil || v.Name != w {
				t.Errorf("%s: there is no verb %s", who, w)
			}
		}
	}
	moves := map[action]bool{}
	for _, a := range onlyHere {
		moves[a] = true
	}
	for _, b := range keymap() {
		a := b.act
		if a > actChoose && a < actChoose+chosen || a == actChoose {
			a = actStep
		}
		verbs, ok := verbsOf[a]
		if ok == moves[a] {
			t.Errorf("%s, %s: no verb does it, or it goes about the screen, too", b.keys.Help().Key, b.keys.Help().Desc)
		}
		known(b.keys.Help().Key, verbs)
	}
	for id := range panes {
		if panesInWords[id] == "" {
			t.Errorf("pane %d has no verb", id)
		}
		known("a pane", panesInWords[id])
	}
	known("the permit gauge", "permits")
}

// TestKeysRunVerbs: what a key does is a line that could be typed, and the shell
// says of it what the screen shows.
func TestKeysRunVerbs(t *testing.T) {
	d := startSim(t, 120, 40, Options{}, true)
	from := len(d.m.output.entries)
	d.keys("c<down>cbr.<tab><left>B<enter>o<lt>")
	var got []string
	for _, e := range d.m.output.entries[from:] {
		got = append(got, e.line)
		if _, err := ops.Lookup(strings.Fields(e.line)[0]); err != nil {
			t.Errorf("%s: %v", e.line, err)
		}
	}
	if all := strings.Join(got, "\n"); len(got) < 5 {
		t.Errorf("only these lines were run:\n%s", all)
	} else {
		t.Log(all)
	}
}
