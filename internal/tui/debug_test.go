package tui

import (
	"context"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// startSim runs a model over a simulated kernel; with race, the race is set up
// as at the start of the program.
func startSim(t *testing.T, w, h int, opt Options, race bool) *driver {
	t.Helper()
	s := ops.New()
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		return sim.Open(strings.TrimPrefix(name, "sim:"))
	}
	if err := s.Open(t.Context(), "sim:v6.12"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	if opt.Environ == nil {
		opt.Environ = []string{"TERM=xterm-256color", "LANG=C.UTF-8"}
	}
	opt.Race = race
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	d := &driver{t: t, m: New(ctx, s, opt), s: s}
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	d.m.attach(s.Target())
	d.m.feed.listing, d.m.feed.asking = false, false
	d.sync()
	d.run(d.m.setUpRace())
	return d
}

// debugScenes are the moments of the race whose screens are kept.
var debugScenes = []struct{ name, keys string }{
	{"race-ready", ""},
	{"race-held", "c"},
	{"race-false", "c<down>c"},
	{"race-back", "c<down>cbbbb"},
	{"race-lanes", "c<down>c<tab><left><left><left>"},
	{"race-dense", "c<down>c<tab>tz"},
	{"race-sorted", "c<down>cOO"},
	{"race-found", "c<down>c<tab>\\built-in<enter>"},
	{"race-faults", "cF"},
	{"race-hold-menu", "c<down>F<enter>"},
	{"race-fail-menu", "F<down><down><enter><enter>"},
	{"race-futures", "co<down>c:fork main<enter>:policy kmod20<enter>cD"},
	{"race-cure", "c:goto 4<enter>:policy kmod20<enter>cc"},
}

// TestFutureIsNamed: with more than one future the header says which it is.
func TestFutureIsNamed(t *testing.T) {
	d := startSim(t, 100, 24, Options{}, true)
	d.keys("c")
	d.hides("future")
	d.keys(":fork other<enter>")
	d.shows("step 18 of 18, future other")
	d.keys("b")
	d.shows("gone back, future other")
	d.keys(":fork main<enter>")
	d.shows("step 18 of 18, future main")
}

func TestRaceStepByStep(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.shows("A race is ready", "will insmod minix", "will request fs-minix", "step 4 of 4", "permits 0 of 50",
		": setup seed/builtin-race", "is taken for built in", "no modules are loaded")
	d.keys("c")
	d.shows("A is held at W4", "■ held", "coming", "dir only", "Held here; r releases it", "module_param_sysfs_setup, kernel/params.c (6.12)")
	d.keys("<space>")
	d.shows("A is held at W4; r releases it")
	d.keys("<down><space><space>")
	d.shows("Thread B at R4", "moved last: B", "security_kernel_module_request")
	d.keys("nn")
	d.shows("permits 1 of 50")
	d.keys("c")
	d.shows("returned 0, premature", "The race: B has success, minix is coming", "helper-1 took minix for builtin at H2", "dir only")
	if got := d.m.snap.Debug.State("minix"); got != trace.Coming {
		t.Errorf("minix is %s in the window", got)
	}
	d.keys("<space>")
	d.shows("B has ended")
	d.keys("<up>r")
	d.keys("c")
	d.shows("all have ended", "live", "initstate", "Over:")
	d.keys("c")
	d.shows("all threads have ended; b goes back")
}

func TestBackShowsTheEarlierMoment(t *testing.T) {
	d := startSim(t, 120, 40, Options{}, true)
	seen := map[int]*kernel.Snapshot{}
	for _, key := range strings.SplitAfter(strings.Repeat("<space>", 9)+"<down>"+strings.Repeat("<space>", 4)+"<up>"+strings.Repeat("<space>", 9), ">") {
		seen[d.m.snap.Debug.Pos] = d.m.snap.Debug
		d.keys(key)
	}
	end := d.m.snap.Debug.Pos
	d.keys("<lt>")
	d.shows("gone back")
	if d.m.snap.Debug.Pos != d.m.start || d.m.snap.Events.Len() != 0 || len(d.m.snap.Modules) != 0 {
		t.Errorf("at the start: step %d, %d events, %d modules", d.m.snap.Debug.Pos, d.m.snap.Events.Len(), len(d.m.snap.Modules))
	}
	d.keys(">")
	if d.m.snap.Debug.Pos != end {
		t.Errorf("> goes to %d, want %d", d.m.snap.Debug.Pos, end)
	}
	back := 0
	for d.m.snap.Debug.Pos > d.m.start {
		d.keys("b")
		s := d.m.snap
		if s.Events.Len() != len(s.Debug.Events) || len(s.Modules) != len(s.Debug.Modules) {
			t.Fatalf("step %d: %d events and %d modules, the target has %d and %d", s.Debug.Pos,
				s.Events.Len(), len(s.Modules), len(s.Debug.Events), len(s.Debug.Modules))
		}
		if was := seen[s.Debug.Pos]; was != nil {
			back++
			if diff := cmp.Diff(was.Threads, s.Debug.Threads) + cmp.Diff(was.Modules, s.Debug.Modules); diff != "" {
				t.Fatalf("step %d is not what it was (-then +now):\n%s", s.Debug.Pos, diff)
			}
		}
		for i := range s.Debug.Events {
			if s.Events.At(i).Seq != s.Debug.Events[i].Seq || s.Events.At(i).Point != s.Debug.Events[i].Point {
				t.Fatalf("step %d: event %d is %v", s.Debug.Pos, i, s.Events.At(i))
			}
		}
	}
	if back < 12 {
		t.Errorf("%d moments were compared", back)
	}
	d.keys("b.")
	if d.m.snap.Debug.Pos != d.m.start {
		t.Errorf("back and forth leads to %d", d.m.snap.Debug.Pos)
	}
}

func TestAnotherFutureAfterBack(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c<down>c")
	d.shows("premature")
	d.keys("<lt>")
	d.keys(":policy kmod20<enter>cc")
	d.shows("B waits for A, as it should")
	d.hides("premature")
	d.keys("<up>")
	for d.m.threads.Selected().ID != "A" {
		d.keys("<up>")
	}
	d.keys("rc")
	d.shows("all have ended", "returned 0, ok")
}

func TestMovesSayWhyNot(t *testing.T) {
	vm := start(t, 80, 24, booted(), Options{})
	vm.keys("n")
	vm.shows("next needs threads that can be stepped, and vm:6.12 has none")
	d := startSim(t, 80, 24, Options{}, false)
	d.shows("no threads; type : spawn A load ext4", "step 0 of 0")
	d.hides("A race is ready")
	for key, want := range map[string]string{
		"<space>": "there is no thread", "c": "there is no thread", "b": "this is the beginning", ".": "the last step known", "r": "there is no thread",
	} {
		d.keys(key)
		d.shows(want)
	}
	d.keys(":spawn A load ext4<enter>")
	d.keys("r")
	d.shows("A is not held")
}

func TestRestartIsEmpty(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	d.keys("c:restart<enter>")
	d.sync()
	d.shows("no threads", "step 0 of 0")
	d.hides("A race is ready")
	if d.m.focus != paneThreads {
		t.Error("the keys are not with the threads")
	}
}

func TestTabGoesThroughThreads(t *testing.T) {
	d := startSim(t, 40, 12, Options{}, true)
	for _, want := range []string{"Threads", "Lanes", "Modules", "Deps", "Events", "Output", "Console", "Threads"} {
		d.shows("▸ " + want)
		d.keys("<tab>")
	}
	d = startSim(t, 80, 24, Options{}, true)
	d.keys("<tab><tab>s")
	if d.m.modules.sort == colName {
		t.Error("s does not sort in the table")
	}
}

// TestKeysAreKeptWhileAMoveRuns types faster than moves are made.
func TestKeysAreKeptWhileAMoveRuns(t *testing.T) {
	d := startSim(t, 80, 24, Options{}, true)
	space := keyMsg("space")
	first := d.send(space)
	for range 3 {
		if cmd := d.send(space); cmd != nil {
			t.Fatal("a second move began")
		}
	}
	d.run(first)
	if got := d.m.snap.Debug.Pos; got != d.m.start+4 {
		t.Errorf("four keys led to step %d from %d", got, d.m.start)
	}
}

// TestFuturesSideBySide forks, goes another way, and compares.
func TestFuturesSideBySide(t *testing.T) {
	d := startSim(t, 110, 36, Options{}, true)
	d.keys("D")
	d.shows("nothing to compare: there is no other future")
	d.keys("co")
	d.shows("future future-1")
	d.keys("<down>c")
	d.shows("premature")
	d.keys(":fork main<enter>:policy kmod20<enter>cD")
	d.shows("Futures main and future-1", "you are here", "returned 0, premature", "Events from there", "events are alike")
	d.keys("<end>")
	d.shows("premature")
	d.keys("<enter>")
	d.shows("future future-1")
	d.keys("D")
	d.shows("Futures future-1 and main")
	d.keys("<esc>")
	d.hides("Futures future-1")
}
