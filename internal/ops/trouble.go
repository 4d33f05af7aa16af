package ops

import (
	"fmt"
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kernel/klog"
)

// Trouble is a report in the kernel's log, and the move during which it came.
type Trouble struct {
	klog.Report
	Pos    int    `json:"pos"`              // the move led to; 0 when the target tells of no moves
	Thread string `json:"thread,omitempty"` // who moved, "" nobody: the clock did, or a setting
	From   string `json:"from,omitempty"`   // point it came from, "" its beginning
	To     string `json:"to,omitempty"`     // how it stood afterwards, in words
}

// at says during which move it came.
func (r *Trouble) at() string {
	switch {
	case r.Pos == 0:
		return "meanwhile"
	case r.Thread == "":
		return fmt.Sprintf("at position %d", r.Pos)
	case r.From == "":
		return fmt.Sprintf("at position %d (%s from its beginning, now %s)", r.Pos, r.Thread, r.To)
	}
	return fmt.Sprintf("at position %d (%s from %s, now %s)", r.Pos, r.Thread, r.From, r.To)
}

// what says what kind of report it is, and by whom.
func (r *Trouble) what() string {
	if r.PID > 0 {
		return fmt.Sprintf("%s, by %s/%d", r.Kind, r.Comm, r.PID)
	}
	return string(r.Kind)
}

// troubles finds the reports in the log of a snapshot that came after a
// position, and ties each to its move: the first at whose end the log's clock
// was not before the report. What came before the first move is of the boot.
func troubles(snap *kernel.Snapshot, after int) []Trouble {
	moves := kernel.MovesTo(snap.Moves, snap.Pos)
	if len(moves) == 0 || moves[len(moves)-1].Pos <= after {
		return nil
	}
	since := moves[0].Now
	for _, m := range moves {
		if m.Pos > after {
			break
		}
		since = m.Now
	}
	from := len(snap.Log)
	for from > 0 {
		at, ok := klog.Time(snap.Log[from-1])
		if ok && at-snap.LogAhead <= since {
			break
		}
		from--
	}
	var list []Trouble
	for _, r := range klog.Parse(snap.Log[from:]) {
		tr := Trouble{Report: r}
		tr.Line += from
		at, _ := klog.Time(snap.Log[tr.Line])
		i := slices.IndexFunc(moves, func(m kernel.Move) bool { return m.Pos > after && m.Now >= at-snap.LogAhead })
		if i < 0 {
			i = len(moves) - 1 // it came when the move was over
		}
		tr.move(moves, i)
		list = append(list, tr)
	}
	return list
}

// move fills in the move.
func (r *Trouble) move(moves []kernel.Move, i int) {
	m := &moves[i]
	r.Pos, r.Thread = m.Pos, m.Thread
	if m.Thread == "" {
		return
	}
	r.To = threadWhere(kernel.ThreadState{Status: m.Status, At: m.At, Waits: m.Waits, Result: m.Result, Killed: m.Killed, Done: m.Status == "done"})
	for _, b := range slices.Backward(moves[:i]) {
		if b.Thread == m.Thread {
			r.From = b.At
			return
		}
	}
}

// troubleWords are reports in one line each, with their text behind.
func troubleWords(list []Trouble) []string {
	var lines []string
	for _, r := range list {
		head := r.what()
		if r.Pos > 0 {
			head += ", " + r.at()
		}
		lines = append(lines, head)
		for _, l := range r.Lines {
			lines = append(lines, "  "+clean(l, true))
		}
	}
	return lines
}

// troubles writes reports with their text.
func (t *text) troubles(list []Trouble) {
	for _, tr := range list {
		t.wrap("  ", 4, t.paint(red, "the kernel reports trouble")+" "+tr.at()+": "+tr.what())
		for _, l := range tr.Lines {
			t.wrap("    ", 6, l)
		}
	}
}
