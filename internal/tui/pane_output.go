package tui

import (
	"bytes"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/ops"
)

// What the output pane keeps: whole results, so that they can be written anew
// for another width, and lines of each.
const (
	maxResults = 50
	maxLines   = 2000
)

// entry is what one verb left: its line, its result, its error.
type entry struct {
	line   string
	news   bool // not typed by the person: something that happened
	result ops.Result
	err    error
	warned []error  // what is to be told besides the answer
	lines  []string // drawn for the present width
}

// outputPane shows what verbs answered.
type outputPane struct {
	w, h    int
	list    scroller
	moved   bool // the person has scrolled since the last entry came
	entries []*entry
	lines   []string
	look    *look
}

// Name is the pane's word.
func (p *outputPane) Name() string { return "Output" }

// SetSize tells the room, and writes everything anew when the width changed.
func (p *outputPane) SetSize(w, h int) {
	if w != p.w {
		p.w = w
		for _, e := range p.entries {
			e.lines = p.write(e)
		}
		p.join()
	}
	p.h = h
	p.list.n, p.list.h = len(p.lines), max(1, h)
	if !p.moved {
		p.aim()
	}
	p.list.off = max(0, min(p.list.off, p.list.n-p.list.h))
}

// aim scrolls to where the last entry begins, or to its end where that is what a
// person waits for.
func (p *outputPane) aim() {
	if len(p.entries) == 0 {
		return
	}
	e := p.entries[len(p.entries)-1]
	p.list.off = max(0, p.list.n-len(e.lines))
	if p.list.n-p.list.off < p.list.h || e.endsInVerdict() { // no empty room below
		p.list.off = max(0, p.list.n-p.list.h)
	}
}

// Add appends a finished verb and scrolls to it.
func (p *outputPane) Add(e *entry) {
	e.lines = p.write(e)
	p.entries = append(p.entries, e)
	if len(p.entries) > maxResults {
		p.entries = p.entries[len(p.entries)-maxResults:]
	}
	p.join()
	p.list.n, p.moved = len(p.lines), false
	p.aim()
}

// endsInVerdict says whether the last lines of an entry are the ones that
// matter: an error, what became of an action, the newest events.
func (e *entry) endsInVerdict() bool {
	switch e.result.(type) {
	case *ops.LoadResult, *ops.UnloadResult, *ops.RequestResult, *ops.EventsResult, *ops.LogResult:
		return true
	}
	return e.err != nil
}

func (p *outputPane) join() {
	p.lines = p.lines[:0:0]
	for _, e := range p.entries {
		p.lines = append(p.lines, e.lines...)
	}
}

// write makes the lines of an entry for the present width.
func (p *outputPane) write(e *entry) []string {
	w, l := max(10, p.w-2), p.look
	sign := l.on(roleKey, ": ")
	if e.news {
		sign = l.on(roleBad, l.broken+" ")
	}
	out := []string{sign + l.on(roleTitle, clean(e.line, l.ascii))}
	for _, err := range e.warned {
		for _, part := range wrap(clean("warning: "+err.Error(), l.ascii), w, 0) {
			out = append(out, "  "+l.on(roleWarn, part))
		}
	}
	if e.result != nil {
		var text limited
		if err := e.result.WriteText(&text, ops.Style{Width: w, ASCII: l.ascii}); err != nil && e.err == nil && !text.full() {
			e.err = fmt.Errorf("write the result: %w", err)
		}
		for _, line := range text.lines() {
			for _, part := range wrap(clean(line, l.ascii), w, 0) {
				out = append(out, "  "+part)
			}
		}
		if text.full() {
			out = append(out, l.on(roleWarn, "  (cut off here; the shell shows all of it)"))
		}
	}
	if e.err != nil {
		for i, line := range strings.Split(e.err.Error(), "\n") {
			as := roleBad
			if i > 0 {
				as = roleText
			}
			if i == 0 {
				line = "error: " + line
			}
			for _, part := range wrap(clean(line, l.ascii), w, 0) {
				out = append(out, "  "+l.on(as, part))
			}
		}
	}
	if len(out) > maxLines {
		out = append(out[:maxLines], l.on(roleWarn, "  (more lines were left off; the shell shows all of them)"))
	}
	return out
}

// limited is a writer that keeps the first part of a result.
type limited struct {
	buf  bytes.Buffer
	over bool
}

const maxResult = 256 << 10 // bytes kept of one result

func (t *limited) Write(b []byte) (int, error) {
	if room := maxResult - t.buf.Len(); len(b) > room {
		t.over = true
		t.buf.Write(b[:room])
		return len(b), nil
	}
	return t.buf.Write(b)
}

func (t *limited) full() bool { return t.over }

func (t *limited) lines() []string {
	s := strings.TrimRight(t.buf.String(), "\n")
	if s == "" {
		return nil
	}
	return strings.Split(s, "\n")
}

// Sync has nothing to follow: results don't change.
func (p *outputPane) Sync(*Snapshot) {}

// Key scrolls.
func (p *outputPane) Key(a action) bool {
	if !p.list.view(a) {
		return false
	}
	p.moved = true
	return true
}

// Title counts the verbs, and tells where in the text the pane is.
func (p *outputPane) Title(*Snapshot, *look) (left, right string) {
	if len(p.entries) == 0 {
		return "Output", ""
	}
	last := p.entries[len(p.entries)-1]
	left = "Output: " + clean(last.line, p.look.ascii)
	if len(p.lines) > p.h {
		_, to := p.list.span()
		right = fmt.Sprintf("%d of %d lines", to, len(p.lines))
	}
	return left, right
}

// ShortHelp has nothing besides the table.
func (p *outputPane) ShortHelp() []action { return nil }

// View draws the lines in sight.
func (p *outputPane) View(_ *Snapshot, l *look, _ bool) []string {
	if len(p.lines) == 0 {
		return []string{l.on(roleDim, "  type : and a verb, such as  load ext4 ; Tab completes")}
	}
	from, to := p.list.span()
	return p.lines[from:to]
}
