package agent

import (
	"strconv"
	"strings"

	"example.org/kmodsh/internal/trace"
)

// traceLine is what one line of trace_pipe says.
type traceLine struct {
	event trace.Event // Point is "" when the line is no event of modules
	lost  uint64      // events the kernel's buffer lost before the next line
	mark  uint64      // number of a marker of ours, 0 when it is none
}

// markPrefix begins the text of our own markers.
const markPrefix = "kmodsh-mark-"

// commWidth is the width of the column that holds a task's name: "%16s" of
// kernel/trace/trace_output.c, trace_print_context; a name has at most 15
// bytes (TASK_COMM_LEN). As the name may hold anything, it is found by the
// column and not by what follows it.
const commWidth = 16

// parseTraceLine reads one line of trace_pipe, as the kernel's text output
// makes them (trace_print_context; include/trace/events/module.h):
//
//	comm-TID     (TGID) [CPU] FLAGS SECONDS.MICROS: event: fields
//	CPU:N [LOST M EVENTS]
//
// The column of TGID is there with the option record-tgid, that of FLAGS with
// the option irq-info. ok is false for a line that is none of these.
func parseTraceLine(line string) (l traceLine, ok bool) {
	if lost, ok := parseLost(line); ok {
		return traceLine{lost: lost}, true
	}
	if len(line) <= commWidth || line[commWidth] != '-' {
		return l, false
	}
	comm := strings.TrimLeft(line[:commWidth], " ")
	if comm == "<...>" {
		comm = "" // the kernel has forgotten it
	}
	tid, rest, ok := leadingNumber(line[commWidth+1:])
	if !ok {
		return l, false
	}
	head, body, ok := strings.Cut(rest, ": ")
	if !ok {
		return l, false
	}
	pid := tid
	if i := strings.IndexByte(head, '('); i >= 0 {
		group, _, _ := strings.Cut(head[i+1:], ")")
		if n, rest, ok := leadingNumber(strings.TrimLeft(group, " ")); ok && rest == "" {
			pid = n
		}
	}
	fields := strings.Fields(head)
	if len(fields) == 0 {
		return l, false
	}
	l.event.Time, ok = parseStamp(fields[len(fields)-1])
	if !ok {
		return l, false
	}
	l.event.Thread = trace.Thread{PID: int(pid), Comm: cleanText(comm, 16)}
	l.event.Source = "tracefs"
	name, text, ok := strings.Cut(body, ": ")
	if !ok {
		return l, false
	}
	if number, ok := strings.CutPrefix(text, markPrefix); ok {
		n, rest, ok := leadingNumber(number)
		return traceLine{mark: uint64(n)}, ok && rest == "" && n > 0
	}
	return l, fillEvent(&l.event, name, text)
}

// fillEvent sets what the text of one module tracepoint says. An event of
// another kind leaves Point empty.
func fillEvent(e *trace.Event, name, text string) bool {
	switch name {
	case "module_load": // "%s %s", name, taint letters
		e.Point = trace.PointModuleLoad
		module, taints, _ := strings.Cut(text, " ")
		e.Module = cleanText(module, kernelName)
		e.State = trace.Coming
		if taints = strings.TrimSpace(taints); taints != "" {
			e.Detail = "taints " + cleanText(taints, 32)
		}
		return module != ""
	case "module_free": // "%s", name
		e.Point = trace.PointModuleFree
		e.Module = cleanText(strings.TrimSpace(text), kernelName)
		return e.Module != ""
	case "module_get", "module_put": // "%s call_site=%ps refcnt=%d"
		e.Point = trace.PointGet
		if name == "module_put" {
			e.Point = trace.PointPut
		}
		module, rest, ok := cutLast(text, " call_site=")
		site, count, ok2 := cutLast(rest, " refcnt=")
		refs, err := strconv.ParseInt(strings.TrimSpace(count), 10, 64)
		if !ok || !ok2 || err != nil || module == "" {
			return false
		}
		e.Module, e.Refs = cleanText(module, kernelName), trace.Int(refs)
		e.Detail = "by " + cleanText(site, 128)
		return true
	case "module_request": // "%s wait=%d call_site=%ps"
		e.Point = trace.PointRequest
		asked, site, ok := cutLast(text, " call_site=")
		asked, wait, ok2 := cutLast(asked, " wait=")
		if !ok || !ok2 || (wait != "0" && wait != "1") {
			return false
		}
		e.Name = cleanText(asked, kernelName)
		var detail []string
		if site = strings.TrimSpace(site); site != ownReturn {
			detail = append(detail, "by "+cleanText(site, 128))
		}
		if wait == "0" {
			detail = append(detail, noWait)
		}
		e.Detail = strings.Join(detail, ", ")
		return true
	}
	return true
}

// ownReturn is where a function returns to whose return is probed
// (kernel/trace/rethook.c). The driver probes that of __request_module, so that its
// caller cannot be told then.
const ownReturn = "arch_rethook_trampoline"

// noWait ends the Detail of a request whose caller does not wait for the
// helper to exit.
const noWait = "does not wait"

// kernelName bounds names that the kernel prints: MODULE_NAME_LEN, 56 bytes
// with the NUL, is also the limit of a requested name (__request_module).
const kernelName = 56

// parseLost reads the line that stands where the kernel's buffer overflowed
// (kernel/trace/trace.c, print_trace_line). A loss of unknown size counts 1.
func parseLost(line string) (uint64, bool) {
	rest, ok := strings.CutPrefix(line, "CPU:")
	if !ok {
		return 0, false
	}
	_, rest, ok = leadingNumber(rest)
	if !ok {
		return 0, false
	}
	rest, ok = strings.CutPrefix(rest, " [LOST ")
	if !ok {
		return 0, false
	}
	if rest == "EVENTS]" {
		return 1, true
	}
	n, rest, ok := leadingNumber(rest)
	if !ok || rest != " EVENTS]" {
		return 0, false
	}
	return uint64(n), true
}

// parseStamp reads "SECONDS.MICROS" as nanoseconds; the kernel prints six
// digits, rounded (trace_print_context, ns2usecs).
func parseStamp(s string) (int64, bool) {
	sec, frac, ok := strings.Cut(s, ".")
	if !ok || len(frac) != 6 || len(sec) > 9 {
		return 0, false
	}
	a, rest, ok := leadingNumber(sec)
	b, rest2, ok2 := leadingNumber(frac)
	if !ok || !ok2 || rest != "" || rest2 != "" {
		return 0, false
	}
	return a*1e9 + b*1e3, true
}

// leadingNumber reads the digits s begins with, at most 9 of them.
func leadingNumber(s string) (n int64, rest string, ok bool) {
	i := 0
	for ; i < len(s) && i < 9 && s[i] >= '0' && s[i] <= '9'; i++ {
		n = n*10 + int64(s[i]-'0')
	}
	return n, s[i:], i > 0
}

// cutLast cuts s around the last sep.
func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// cleanText cuts s to limit bytes and replaces what a terminal could take for
// a command: names of tasks and requested modules may hold any byte.
func cleanText(s string, limit int) string {
	if len(s) > limit {
		s = s[:limit]
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f {
			return '?'
		}
		return r
	}, s)
}
