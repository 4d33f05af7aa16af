package ops

import (
	"context"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kernel/klog"
)

// HealthError says that the kernel reported trouble in its log while a line was
// being done: what promise kernel-stays-healthy is about.
type HealthError struct {
	Line    string // what was being done
	Reports []Trouble
	// Also is why the line itself failed, such as a thread that hangs; nil if it
	// did not.
	Also error
}

// Error names the reports; their text is in Diagnose.
func (e *HealthError) Error() string {
	var titles []string
	for _, r := range e.Reports {
		title := string(r.Kind) + ": " + r.Title
		if r.Pos > 0 {
			title = r.at() + ": " + title
		}
		titles = append(titles, title)
	}
	return "broken promise: kernel-stays-healthy, at " + e.Line + ": " + strings.Join(titles, "; ")
}

// Diagnose implements scenario.Diagnosis.
func (e *HealthError) Diagnose() (expected string, got []string) {
	if e.Also != nil {
		got = append(got, clean(e.Also.Error(), false))
	}
	return "no report of trouble in the kernel's log", append(got, troubleWords(e.Reports)...)
}

// Sick implements scenario.Sick.
func (e *HealthError) Sick() bool { return true }

// diedError says that the kernel under test did not come up: what is told of it
// is what it printed last.
type diedError struct{ *kernel.DeadError }

// Sick implements scenario.Sick.
func (e *diedError) Sick() bool { return true }

// Diagnose implements scenario.Diagnosis.
func (e *diedError) Diagnose() (expected string, got []string) {
	got = append(got, e.What)
	for _, l := range e.Console {
		got = append(got, "  "+clean(l, true))
	}
	return "the kernel comes up", got
}

func (e *diedError) Unwrap() error { return e.DeadError }

// health watches the log of a kernel that is not simulated.
type health struct {
	t    kernel.Target
	seen int // reports seen before
	pos  int // of the target, before the line
	// expected are texts of reports that do not count.
	expected []string
}

// watchHealth begins to watch a target; what it reported before does not count.
// It is nil for a simulated kernel, which reports nothing, for one whose log
// cannot be read, and for the host, whose log tells of others' doings.
func watchHealth(ctx context.Context, t kernel.Target) *health {
	kind, _, _ := strings.Cut(t.Name(), ":")
	if kind != "vm" || t.Can(kernel.OpLog) != nil {
		return nil
	}
	h := &health{t: t}
	if log, err := t.Log(ctx, 0); err == nil {
		h.seen = len(klog.Parse(log))
	}
	return h
}

// begin notes where the target stands before a line.
func (h *health) begin() {
	if h == nil {
		return
	}
	h.pos = 0
	if d, ok := h.t.(kernel.Debugger); ok {
		h.pos, _ = d.Pos()
	}
}

// check returns a *HealthError for what was reported since the last look, each
// report with the move during which it came.
func (h *health) check(ctx context.Context, line string) error {
	if h == nil || h.t.Err() != nil {
		return nil // why it went down is told by the line itself
	}
	log, err := h.t.Log(ctx, 0)
	if err != nil {
		return nil
	}
	list := klog.Parse(log)
	from := min(h.seen, len(list)) // the log may have been gone back over
	h.seen = len(list)
	if list = slices.DeleteFunc(list[from:], h.expects); len(list) == 0 {
		return nil
	}
	sick := &HealthError{Line: line, Reports: h.moved(ctx)}
	if len(sick.Reports) != len(list) { // they came by no move
		sick.Reports = nil
		for _, r := range list {
			sick.Reports = append(sick.Reports, Trouble{Report: r})
		}
	}
	return sick
}

// moved are the reports that came with the moves of the line.
func (h *health) moved(ctx context.Context) []Trouble {
	d, ok := h.t.(kernel.Debugger)
	if !ok || d.Can(kernel.OpDebug) != nil {
		return nil
	}
	if u, ok := d.(kernel.Untouched); ok && u.Untouched() {
		return nil
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil
	}
	return slices.DeleteFunc(troubles(snap, h.pos), func(r Trouble) bool { return h.expects(r.Report) })
}

// expects says whether a report is one of those that were to come.
func (h *health) expects(r klog.Report) bool {
	return slices.ContainsFunc(h.expected, func(text string) bool {
		return slices.ContainsFunc(r.Lines, func(l string) bool { return strings.Contains(l, text) })
	})
}
