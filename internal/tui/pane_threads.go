package tui

import (
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// threadsPane lists the threads of a target whose threads can be stepped; the
// one under the cursor is the one that keys move.
type threadsPane struct {
	w, h   int
	list   scroller
	id     string // thread under the cursor, so that it stays there
	inline bool   // explains the thread at its foot, where there is no pane for that
	s      *Snapshot
	rows   []kernel.ThreadState // helpers below who asked for them, unless they are sorted
	filter string
	sort   order
	turned bool // the order is turned round
}

// Name is the pane's word.
func (p *threadsPane) Name() string { return "Threads" }

// SetSize tells the room.
func (p *threadsPane) SetSize(w, h int) {
	p.w, p.h = w, h
	p.place()
}

// foot is how many lines the explanation takes.
func (p *threadsPane) foot() int {
	if !p.inline || p.h < 7 {
		return 0
	}
	return max(5, p.h-5)
}

func (p *threadsPane) threads() []kernel.ThreadState { return p.rows }

func (p *threadsPane) place() { p.list.set(len(p.threads()), p.h-p.foot()) }

// Sync keeps the cursor on its thread.
func (p *threadsPane) Sync(s *Snapshot) {
	if p.s = s; s.Debug == nil {
		p.rows = nil
	} else {
		p.rows = family(s.Debug.Threads, func(t kernel.ThreadState) (string, string) { return t.ID, t.Parent })
		p.rows = arrangeThreads(p.rows, func(t *kernel.ThreadState) *kernel.ThreadState { return t }, p.sort, p.turned, p.filter, threadHas)
	}
	if i := slices.IndexFunc(p.threads(), func(t kernel.ThreadState) bool { return t.ID == p.id }); i >= 0 {
		p.list.cursor = i
	}
	p.place()
	p.keep()
}

func (p *threadsPane) keep() {
	if t := p.Selected(); t != nil {
		p.id = t.ID
	}
}

// Selected returns the thread under the cursor, nil when there is none.
func (p *threadsPane) Selected() *kernel.ThreadState {
	if list := p.threads(); p.list.cursor < len(list) {
		return &list[p.list.cursor]
	}
	return nil
}

// Select puts the cursor on a thread, if it is there.
func (p *threadsPane) Select(id string) bool {
	i := slices.IndexFunc(p.rows, func(t kernel.ThreadState) bool { return t.ID == id })
	if i < 0 {
		return false
	}
	p.list.cursor, p.id = i, id
	p.list.clamp()
	return true
}

// Key moves the cursor, or sorts.
func (p *threadsPane) Key(a action) bool {
	switch a {
	case actSort:
		p.sort, p.turned = (p.sort+1)%orders, false
		return true
	case actReverse:
		p.turned = !p.turned
		return true
	}
	if !p.list.act(a) {
		return false
	}
	p.keep()
	return true
}

// Title counts the threads, and says whether any can move.
func (p *threadsPane) Title(s *Snapshot, l *look) (left, right string) {
	if s.Debug == nil {
		return "Threads", ""
	}
	left = fmt.Sprintf("Threads %d", len(s.Debug.Threads))
	if p.filter != "" {
		left = fmt.Sprintf("Threads %d of %d /%s", len(p.rows), len(s.Debug.Threads), clean(p.filter, l.ascii))
	}
	left += orderText(p.sort, p.turned, l)
	switch {
	case s.Debug.Deadlock:
		right = "deadlock: nobody can move"
	case s.Debug.AllDone && len(s.Debug.Threads) > 0:
		right = "all have ended"
	case s.Moved != "":
		right = "moved last: " + s.Moved
	}
	return left, right
}

// ShortHelp has nothing besides the table.
func (p *threadsPane) ShortHelp() []action { return nil }

// View draws the threads in sight.
func (p *threadsPane) View(s *Snapshot, l *look, focus bool) []string {
	if len(p.threads()) == 0 && p.filter != "" {
		return []string{l.on(roleDim, "  nothing matches; Esc ends the filter")}
	}
	if len(p.threads()) == 0 {
		return []string{l.on(roleDim, "  no threads; type : spawn A load ext4")}
	}
	var out []string
	from, to := p.list.span()
	for i := from; i < to; i++ {
		out = append(out, p.row(s, &p.threads()[i], l, i == p.list.cursor, focus))
	}
	if n := p.foot(); n > 0 {
		for len(out) < p.h-n {
			out = append(out, "")
		}
		out = append(out, l.on(roleRule, strings.Repeat(l.rule, p.w)))
		out = append(out, explainThread(s, p.Selected(), p.w, n-1, l)...)
	}
	return out
}

func (p *threadsPane) row(s *Snapshot, t *kernel.ThreadState, l *look, cursor, focus bool) string {
	ink := l.inks(cursor && focus)
	mark, last := " ", " "
	if cursor {
		mark = l.cursor
	}
	if t.ID == s.Moved {
		last = l.changed
	}
	name := 1
	for _, o := range p.threads() {
		name = max(name, min(12, width(o.ID)))
	}
	var b strings.Builder
	used := 0
	put := func(as role, text string) {
		if text = cut(text, p.w-used, l.tail); text != "" {
			b.WriteString(ink[as].on(text))
			used += width(text)
		}
	}
	put(roleMark, mark+last+" ")
	put(roleText, fit(clean(t.ID, l.ascii), name, l.tail)+" ")
	if p.w >= 60 {
		put(roleDim, fit(clean(t.Comm, l.ascii), 10, l.tail)+" ")
	}
	glyph, as := l.thread(t.Status)
	put(as, glyph+" "+fit(clean(t.Status, l.ascii), 7, l.tail)+" ")
	put(whereRole(t), clean(where(t), l.ascii))
	if t.Module != "" && !t.Done {
		put(roleText, " "+clean(t.Module, l.ascii))
	}
	if t.Status == "blocked" {
		put(roleComing, " waits for "+clean(t.Waits, l.ascii))
	}
	if used < p.w {
		put(roleText, strings.Repeat(" ", p.w-used))
	}
	return b.String()
}

// thread is how a thread's status looks.
func (l *look) thread(status string) (glyph string, as role) {
	switch status {
	case "ready":
		return l.live, roleLive
	case "blocked":
		return l.coming, roleComing
	case "held":
		return l.builtin, roleGoing
	}
	return l.absent, roleDim
}

// where says in a few words where a thread is.
func where(t *kernel.ThreadState) string {
	switch {
	case t.Done && t.Killed:
		return "killed"
	case t.Done:
		text := "returned " + result(&trace.Event{Ret: &t.Result})
		if t.Verdict != "" {
			text += ", " + string(t.Verdict)
		}
		return text
	case t.At == "":
		return "will " + t.Task
	case t.Status == "blocked":
		return t.At
	}
	p, _ := trace.LookupPoint(t.At)
	return strings.TrimSpace(t.At + " " + p.Name)
}

func whereRole(t *kernel.ThreadState) role {
	switch {
	case !t.Done:
		return roleText
	case wrong(t.Verdict):
		return roleBad
	}
	return roleDim
}

// wrong says whether a verdict tells of a lie.
func wrong(v kernel.Verdict) bool {
	return v == kernel.Premature || v == kernel.FalseBuiltin || v == kernel.Lost || v == kernel.Spurious
}
