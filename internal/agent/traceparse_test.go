package agent

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"example.org/kmodsh/internal/trace"
)

// by returns the common part of an event from trace_pipe.
func by(pid int, comm string, t int64, e trace.Event) traceLine {
	e.Thread, e.Time, e.Source = trace.Thread{PID: pid, Comm: comm}, t, "tracefs"
	return traceLine{event: e}
}

// TestParseTraceLine holds lines as the kernels 6.1 and 6.12 print them, and
// lines made to mislead.
func TestParseTraceLine(t *testing.T) {
	const ms = 1e6
	tests := []struct {
		name, line string
		want       traceLine
		bad        bool
	}{
		{
			name: "load",
			line: "        modprobe-273     (    273) [001] .....    19.108708: module_load: nf_tables ",
			want: by(273, "modprobe", 19108708000, trace.Event{Point: "L16", Module: "nf_tables", State: trace.Coming}),
		},
		{
			name: "load with taints",
			line: "        modprobe-9       (      9) [000] .....     1.000000: module_load: victim OE",
			want: by(9, "modprobe", 1000*ms, trace.Event{Point: "L16", Module: "victim", State: trace.Coming, Detail: "taints OE"}),
		},
		{
			name: "free",
			line: "    kmodsh-child-257     (    257) [001] .....    16.409183: module_free: btrfs",
			want: by(257, "kmodsh-child", 16409183000, trace.Event{Point: "U4", Module: "btrfs"}),
		},
		{
			name: "put",
			line: "    kmodsh-child-261     (    261) [000] .....    19.170457: module_put: nfnetlink call_site=netlink_release refcnt=2",
			want: by(261, "kmodsh-child", 19170457000, trace.Event{Point: "G2", Module: "nfnetlink", Refs: trace.Int(2), Detail: "by netlink_release"}),
		},
		{
			name: "get by a thread of another process",
			line: "  cryptomgr_test-229     (-------) [001] d.s1.     5.268795: module_get: crc32c_intel call_site=__crypto_alg_lookup refcnt=4",
			want: by(229, "cryptomgr_test", 5268795000, trace.Event{Point: "G1", Module: "crc32c_intel", Refs: trace.Int(4), Detail: "by __crypto_alg_lookup"}),
		},
		{
			name: "thread told by its process",
			line: "        modprobe-275     (    273) [001] .....     1.000001: module_load: x ",
			want: by(273, "modprobe", 1000001000, trace.Event{Point: "L16", Module: "x", State: trace.Coming}),
		},
		{
			name: "request",
			line: "    kmodsh-child-258     (    258) [001] .....    17.000123: module_request: fs-xfs wait=1 call_site=__get_fs_type",
			want: by(258, "kmodsh-child", 17000123000, trace.Event{Point: "R6", Name: "fs-xfs", Detail: "by __get_fs_type"}),
		},
		{
			name: "request that nobody waits for",
			line: "           ntpd-1        (      1) [001] .....    17.000123: module_request: ledtrig:x wait=0 call_site=0xffffffff81",
			bad:  true, // the name column is one short: a line of another make
		},
		{
			name: "request without waiting",
			line: "            ntpd-1       (      1) [001] .....    17.000123: module_request: ledtrig:x wait=0 call_site=led_trigger_register",
			want: by(1, "ntpd", 17000123000, trace.Event{Point: "R6", Name: "ledtrig:x", Detail: "by led_trigger_register, does not wait"}),
		},
		{
			name: "request whose return is probed",
			line: "            ntpd-1       (      1) [001] .....    17.000123: module_request: fs-x wait=1 call_site=arch_rethook_trampoline",
			want: by(1, "ntpd", 17000123000, trace.Event{Point: "R6", Name: "fs-x"}),
		},
		{
			name: "such a one without waiting",
			line: "            ntpd-1       (      1) [001] .....    17.000123: module_request: fs-x wait=0 call_site=arch_rethook_trampoline",
			want: by(1, "ntpd", 17000123000, trace.Event{Point: "R6", Name: "fs-x", Detail: "does not wait"}),
		},
		{
			name: "name that holds a field",
			line: "              sh-1       (      1) [001] .....    17.000123: module_request: fs-x wait=0 call_site=y wait=1 call_site=get_fs_type",
			want: by(1, "sh", 17000123000, trace.Event{Point: "R6", Name: "fs-x wait=0 call_site=y", Detail: "by get_fs_type"}),
		},
		{
			name: "escapes in a name",
			line: "              sh-1       (      1) [001] .....    17.000123: module_request: fs-\x1b[2J\xff wait=1 call_site=get_fs_type",
			want: by(1, "sh", 17000123000, trace.Event{Point: "R6", Name: "fs-?[2J?", Detail: "by get_fs_type"}),
		},
		{
			name: "task named like an event",
			line: " a-1 [0] 1: x: y-77      (     77) [001] .....     2.000000: module_free: ext4",
			want: by(77, "a-1 [0] 1: x: y", 2000*ms, trace.Event{Point: "U4", Module: "ext4"}),
		},
		{
			name: "forgotten task, no process column, no flags",
			line: "           <...>-77      [001]     2.000000: module_free: ext4",
			want: by(77, "", 2000*ms, trace.Event{Point: "U4", Module: "ext4"}),
		},
		{
			name: "mark",
			line: "            init-1       (      1) [001] .....    12.000000: tracing_mark_write: kmodsh-mark-7",
			want: traceLine{mark: 7},
		},
		{
			name: "another event",
			line: "            init-1       (      1) [001] .....    12.000000: sched_switch: x ==> y",
			want: by(1, "init", 12000*ms, trace.Event{}),
		},
		{name: "lost", line: "CPU:1 [LOST 124 EVENTS]", want: traceLine{lost: 124}},
		{name: "lost, number unknown", line: "CPU:0 [LOST EVENTS]", want: traceLine{lost: 1}},
		{name: "lost nothing of sense", line: "CPU:0 [LOST x EVENTS]", bad: true},
		{name: "empty", line: "", bad: true},
		{name: "header", line: "# tracer: nop", bad: true},
		{name: "cut off in the time", line: "        modprobe-273     (    273) [001] .....    19.1087", bad: true},
		{name: "cut off in the fields", line: "        modprobe-273     (    273) [001] .....    19.108708: module_get: a call_site=b", bad: true},
		{name: "request without wait", line: "        modprobe-273     (    273) [001] .....    19.108708: module_request: a call_site=b", bad: true},
		{name: "mark of no number", line: "            init-1       (      1) [001] .....    12.000000: tracing_mark_write: kmodsh-mark-", bad: true},
		{name: "second half of a name with a line break", line: "x wait=1 call_site=get_fs_type", bad: true},
		{name: "huge time", line: "        modprobe-273     (    273) [001] ..... 99999999999999.108708: module_free: a", bad: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := parseTraceLine(tt.line)
			if ok == tt.bad {
				t.Fatalf("ok is %v", ok)
			}
			if tt.bad {
				return
			}
			if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(traceLine{})); diff != "" {
				t.Errorf("line %q reads as:\n%s", tt.line, diff)
			}
		})
	}
}

// FuzzParseTraceLine feeds the parser anything: what it accepts is clean,
// bounded, and not before the machine's start.
func FuzzParseTraceLine(f *testing.F) {
	f.Add("        modprobe-273     (    273) [001] .....    19.108708: module_load: nf_tables OE")
	f.Add("    kmodsh-child-261     (    261) [000] .....    19.170457: module_put: nfnetlink call_site=netlink_release refcnt=2")
	f.Add("    kmodsh-child-258     (    258) [001] .....    17.000123: module_request: fs-xfs wait=0 call_site=__get_fs_type")
	f.Add("            init-1       (      1) [001] .....    12.000000: tracing_mark_write: kmodsh-mark-7")
	f.Add("CPU:1 [LOST 124 EVENTS]")
	f.Fuzz(func(t *testing.T, line string) {
		l, ok := parseTraceLine(line)
		if !ok {
			return
		}
		e := l.event
		if e.Time < 0 || e.Thread.PID < 0 {
			t.Errorf("time %d, process %d", e.Time, e.Thread.PID)
		}
		for _, s := range []string{e.Thread.Comm, e.Module, e.Name, e.Detail} {
			if len(s) > 256 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r >= 0x7f }) {
				t.Errorf("text %q came through", s)
			}
		}
		if _, known := trace.LookupPoint(e.Point); e.Point != "" && !known {
			t.Errorf("point %q", e.Point)
		}
	})
}
