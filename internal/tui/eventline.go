package tui

import (
	"fmt"
	"strconv"
	"strings"
	"syscall"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/trace"
)

// eventLine draws one event: time, thread, point, and what happened.
func eventLine(e *trace.Event, w int, l *look, cursor, focus bool) string {
	ink := l.inks(cursor && focus)
	mark := " "
	if cursor {
		mark = l.cursor
	}
	var b strings.Builder
	used := 0
	put := func(r role, s string) {
		if s = cut(s, w-used, l.tail); s != "" {
			b.WriteString(ink[r].on(s))
			used += width(s)
		}
	}
	put(roleMark, mark)
	if w >= 34 {
		put(roleDim, fitRight(clock(e.Time, w), timeWidth(w), "")+" ")
	}
	if n := threadWidth(w); n > 0 {
		put(roleText, fit(clean(thread(e.Thread), l.ascii), n, l.tail)+" ")
	}
	put(roleKey, fit(clean(e.Point, l.ascii), 3, l.tail)+" ")
	if e.Lost > 0 {
		put(roleBad, fmt.Sprintf("(%d lost before) ", e.Lost))
	}
	if e.Module != "" {
		put(roleText, clean(e.Module, l.ascii)+" ")
	}
	if e.State != "" {
		put(stateRole(e.State), l.state(e.State)+" "+clean(string(e.State), l.ascii)+" ")
	}
	put(roleDim, strings.TrimRight(clean(fragment(e), l.ascii), " "))
	if e.Ret != nil {
		as := roleGood
		if *e.Ret != 0 {
			as = roleBad
		}
		put(as, " "+l.arrow+" "+result(e))
	}
	if used < w {
		put(roleText, strings.Repeat(" ", w-used))
	}
	return b.String()
}

// fragment is what happened, in a few words: the point's name, the name that
// was asked for, the detail.
func fragment(e *trace.Event) string {
	var parts []string
	if p, ok := trace.LookupPoint(e.Point); ok {
		name := p.Name
		if e.State != "" { // whose word stands there already
			name = strings.TrimSpace(strings.TrimPrefix(name, string(e.State)))
		}
		if name != "" {
			parts = append(parts, name)
		}
	}
	if e.Name != "" && e.Name != e.Module {
		parts = append(parts, strconv.Quote(e.Name))
	}
	if e.Detail != "" {
		parts = append(parts, firstLine(e.Detail))
	}
	return strings.Join(parts, " ")
}

// result names what a step returned: an errno for what is negative.
func result(e *trace.Event) string {
	if v := *e.Ret; v < 0 && v > -4096 { // MAX_ERRNO, include/linux/err.h
		return "-" + kernel.ErrnoName(syscall.Errno(-v))
	}
	return strconv.FormatInt(*e.Ret, 10)
}

// thread names who did it: as a person named it, else command and process id.
func thread(t trace.Thread) string {
	switch {
	case t.ID != "":
		return t.ID
	case t.PID != 0 && t.Comm != "":
		return t.Comm + "/" + strconv.Itoa(t.PID)
	case t.PID != 0:
		return strconv.Itoa(t.PID)
	case t.Comm != "":
		return t.Comm
	}
	return "-"
}

func timeWidth(w int) int {
	if w < 70 {
		return 8
	}
	return 11
}

func threadWidth(w int) int {
	switch {
	case w < 56:
		return 0
	case w < 90:
		return 12
	}
	return 16
}

// clock writes nanoseconds as seconds: with microseconds where there is room.
func clock(ns int64, w int) string {
	if w < 70 {
		return fmt.Sprintf("%d.%03d", ns/1e9, ns/1e6%1000)
	}
	return fmt.Sprintf("%d.%06d", ns/1e9, ns/1e3%1000000)
}

// eventMatches says whether every word, in lower case, is in the event.
func eventMatches(e *trace.Event, words []string) bool {
	return ops.HasWords(words, e.Point, e.Module, string(e.State), thread(e.Thread), fragment(e))
}

// filterWords are the words of a filter, in lower case.
func filterWords(filter string) []string { return strings.Fields(strings.ToLower(filter)) }
