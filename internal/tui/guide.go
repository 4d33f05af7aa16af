package tui

import (
	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// setUpRace runs the lines that set up the built-in race, as if they had been
// typed, on a target that has no past.
func (m *Model) setUpRace() tea.Cmd {
	d := m.feed.debugger()
	if !m.opt.Race || d == nil {
		return nil
	}
	if _, end := d.Pos(); end != 0 {
		return nil
	}
	m.lines, m.setting = ops.Race(), true
	return m.nextLine()
}

// guide is the one line that tells a newcomer what to press, by where the race
// stands; "" when it was not set up, or is no longer the one.
func (m *Model) guide() string {
	if !m.race || m.snap.Debug == nil || m.h < 8 {
		return ""
	}
	d := m.snap.Debug
	a, b := d.Thread("A"), d.Thread("B")
	if a == nil || b == nil {
		return ""
	}
	held := a.Status == "held" && d.State("minix") == trace.Coming
	long, short := "", ""
	switch {
	case a.Done && wrong(b.Verdict):
		short = "Over: < begins again, q quits"
		long = short + ". The cure: < then  : policy kmod20  and c again"
	case a.Done && b.Done:
		short = "Over: < begins again, q quits"
	case b.Done && wrong(b.Verdict) && held:
		short = "B has success, minix is coming; b back"
		long = "The race: B has success, minix is coming; b goes back, r on A goes on"
	case held && b.Status == "blocked" && !d.AllDone && helperWaits(d):
		short = "B waits, as it should: r on A, then c"
		long = "B waits for A, as it should: r on A, then c. This policy is not fooled"
	case held && b.At == "":
		short = "A is in the window: Down, Space steps B"
		long = "A is in the window: Down, then Space steps B; c runs it to its answer"
	case held:
		short = "Space steps B, then helper-1; c runs"
		long = "Space steps the selected thread: B, then its helper-1; c runs on"
	case a.At == "" && b.At == "":
		short = "A race is ready: c runs A, b goes back"
		long = "A race is ready: c runs A into the window, half set up; then B asks for it"
	case !a.Done && !b.Done:
		short = "c runs A until it is in the window"
		long = "Space steps the selected thread; c runs A until it is held in the window"
	default:
		short = "b goes back; < begins again"
	}
	if long == "" || width(long)+1 > m.w {
		return short
	}
	return long
}

// helperWaits says whether a helper waits in the kernel for the module.
func helperWaits(d *kernel.Snapshot) bool {
	for _, t := range d.Threads {
		if t.Parent == "B" && t.Status == "blocked" {
			return true
		}
	}
	return false
}
