// Package klog finds what a kernel's log reports of trouble: panics, oopses,
// warnings, locks, stuck tasks, leaks. It is apart from package kernel since
// its patterns are prepared when a program starts, and a modprobe that a kernel
// waits for must not pay for them.
//
// It must not know where a log comes from, or what a report means for a verb.
package klog

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Kind is what kind of trouble a kernel reports in its log.
type Kind string

// The kinds, by the words the kernel begins the report with.
const (
	Panic   Kind = "panic"     // Kernel panic - not syncing (kernel/panic.c)
	Oops    Kind = "oops"      // BUG: unable to handle ..., Oops: (arch/x86/mm/fault.c, dumpstack.c)
	Bug     Kind = "bug"       // kernel BUG at, BUG: ... (lib/bug.c, kernel/sched/core.c, mm/slub.c)
	Warning Kind = "warning"   // WARNING: CPU: (kernel/panic.c, __warn)
	Lockdep Kind = "lockdep"   // WARNING: possible ... (kernel/locking/lockdep.c)
	Hung    Kind = "hung-task" // INFO: task ... blocked for more than (kernel/hung_task.c)
	Lockup  Kind = "lockup"    // watchdog: BUG: soft lockup (kernel/watchdog.c)
	Stall   Kind = "rcu-stall" // rcu: INFO: ... stall (kernel/rcu/tree_stall.h)
	Sanity  Kind = "sanitizer" // KASAN, KCSAN, KFENCE, UBSAN (mm/kasan/report.c, lib/ubsan.c)
	Leak    Kind = "kmemleak"  // kmemleak: N new suspected memory leaks (mm/kmemleak.c)
)

// Report is one report of trouble in a kernel's log.
type Report struct {
	Kind  Kind     `json:"kind"`
	Title string   `json:"title"` // its line that says what
	Line  int      `json:"line"`  // of the log, from 0, where it begins
	Lines []string `json:"lines"` // its text, without times
	Comm  string   `json:"comm,omitempty"`
	PID   int      `json:"pid,omitempty"`
}

// maxReport bounds the lines of one report.
const maxReport = 120

// patterns are the words that logs are searched for.
type patterns struct {
	heads []head // what begins a report, the more special ones first
	// stamp is the time before a line, cut the line before a report, end the one
	// behind its stack.
	stamp, cut, end *regexp.Regexp
	task            []*regexp.Regexp // who was at it
	trace           *regexp.Regexp   // lines with which a report goes on once its stack has been written
}

type head struct {
	kind Kind
	head *regexp.Regexp
}

// words prepares the patterns when they are first used: the packages of
// programs are initialised in every modprobe that a kernel waits for.
var words = sync.OnceValue(func() *patterns {
	return &patterns{
		heads: []head{
			{Panic, regexp.MustCompile(`^Kernel panic - not syncing`)},
			{Sanity, regexp.MustCompile(`^(BUG: K[A-Z]*SAN: |BUG: KFENCE: |UBSAN: )`)},
			{Lockup, regexp.MustCompile(`^(watchdog: |NMI watchdog: )?(BUG: (soft|workqueue) lockup|Watchdog detected hard LOCKUP)`)},
			{Oops, regexp.MustCompile(`^(BUG: (unable to handle|kernel NULL pointer)|Unable to handle kernel|Oops: |Internal error: Oops|general protection fault|invalid opcode: |divide error: |stack segment: |double fault: )`)},
			{Bug, regexp.MustCompile(`^(kernel BUG at |BUG: |BUG [a-z])`)},
			{Lockdep, regexp.MustCompile(`^(WARNING: (possible (circular|recursive|irq) |inconsistent lock state|bad unlock balance|suspicious RCU usage|held lock freed|lock held when returning|Nested lock was not taken|[A-Za-z-]+-safe -> )|INFO: trying to register non-static key|DEBUG_LOCKS_WARN_ON)`)},
			{Warning, regexp.MustCompile(`^WARNING: `)},
			{Hung, regexp.MustCompile(`^INFO: task .+ blocked( in I/O wait)? for more than \d+ seconds`)},
			{Stall, regexp.MustCompile(`^(rcu: )?INFO: \S* ?(self-)?detected .*stall|^(rcu: )?INFO: rcu_\S+ .*stall`)},
			{Leak, regexp.MustCompile(`^kmemleak: \d+ new suspected memory leaks`)},
		},
		stamp: regexp.MustCompile(`^(<\d+>)?\[ *\d+\.\d+\](\[ *[TC]\d+\])? ?`),
		cut:   regexp.MustCompile(`^-+\[ cut here \]-+$`),
		end:   regexp.MustCompile(`^---\[ end `),
		task: []*regexp.Regexp{
			regexp.MustCompile(`PID: (?P<pid>\d+) Comm: (?P<comm>.*?)( Tainted| Not tainted|$)`),
			regexp.MustCompile(`^INFO: task (?P<comm>.+):(?P<pid>\d+) blocked`),
			regexp.MustCompile(`\[(?P<comm>[^\[\]]+):(?P<pid>\d+)\]$`),
			regexp.MustCompile(`^(?P<comm>\S+)/(?P<pid>\d+) (is trying to|just changed the state|is freeing memory|\[)`),
			regexp.MustCompile(`scheduling while atomic: (?P<comm>.+)/(?P<pid>\d+)/`),
		},
		trace: regexp.MustCompile(`^( |\t|Call Trace:|Call trace:|RIP: |RSP: |R[A-Z0-9]{2}: |CR2: |FS: |CS: |Code: |Modules linked in: |CPU: |Hardware name: |Workqueue: |task:|irq event stamp: |hardirqs |softirqs |pc : |lr : |sp : |x\d+ ?: |PKRU: |DR\d: |note: |=+$|$)`),
	}
})

// Time is what the log's clock said when a line came, in nanoseconds; it says
// false where the line does not tell.
func Time(line string) (int64, bool) {
	text, _, ok := strings.Cut(line, "]")
	if _, after, found := strings.Cut(text, "["); ok && found {
		s, us, _ := strings.Cut(strings.TrimSpace(after), ".")
		sec, err := strconv.ParseInt(s, 10, 32)
		frac, err2 := strconv.ParseInt(us, 10, 32)
		if err == nil && err2 == nil && len(us) == 6 && sec >= 0 && frac >= 0 {
			return sec*1e9 + frac*1e3, true
		}
	}
	return 0, false
}

// headOf is the kind of report a line begins, "" none.
func headOf(line string) Kind {
	if line == "" || !strings.ContainsAny(line, ":") && !strings.HasPrefix(line, "kernel BUG") && !strings.HasPrefix(line, "BUG ") {
		return ""
	}
	for _, h := range words().heads {
		if h.head.MatchString(line) {
			return h.kind
		}
	}
	return ""
}

// Parse finds the reports of trouble in the lines of a kernel's log, with
// or without their times. A report is what follows its first line up to the end
// of its stack.
func Parse(log []string) []Report {
	var list []Report
	var open *Report
	traced := false // its stack has begun
	cut := -1       // line of a cut here whose report has not begun
	for i, raw := range log {
		line := words().stamp.ReplaceAllString(raw, "")
		kind := headOf(line)
		switch {
		case open != nil && kind != "" && !open.takes(kind, traced):
			open = nil
		case open != nil && (words().cut.MatchString(line) || len(open.Lines) >= maxReport || traced && !words().trace.MatchString(line) && !words().end.MatchString(line)):
			open = nil
		case open != nil:
			open.add(line)
			traced = traced || strings.HasPrefix(line, "Call Trace:") || strings.HasPrefix(line, "Call trace:")
			if words().end.MatchString(line) {
				open = nil
			}
			continue
		}
		if words().cut.MatchString(line) {
			cut = i
		}
		if kind == "" {
			continue
		}
		from := i
		if cut >= 0 && i-cut <= 5 {
			from = cut
		}
		cut = -1
		list = append(list, Report{Kind: kind, Title: line, Line: from})
		open, traced = &list[len(list)-1], kind == Panic
		for _, before := range log[from:i] {
			open.add(words().stamp.ReplaceAllString(before, ""))
		}
		open.add(line)
		if kind == Leak {
			open = nil
		}
	}
	return list
}

// takes says whether a line that could begin a report belongs to this one: an
// oops has several such lines before its stack.
func (r *Report) takes(kind Kind, traced bool) bool {
	return !traced && (r.Kind == kind && kind == Oops || r.Kind == Bug && kind == Oops)
}

func (r *Report) add(line string) {
	r.Lines = append(r.Lines, line)
	if r.PID != 0 {
		return
	}
	for _, x := range words().task {
		if m := x.FindStringSubmatch(line); m != nil {
			r.PID, _ = strconv.Atoi(m[x.SubexpIndex("pid")])
			r.Comm = m[x.SubexpIndex("comm")]
			return
		}
	}
}
