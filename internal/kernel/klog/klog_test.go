package klog

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTime reads the times of lines.
func TestTime(t *testing.T) {
	for line, want := range map[string]int64{
		"[    1.200300]  <TASK>": 1_200_300_000, "[12345.000001] x": 12345_000_001_000, "<4>[    0.000000][    T1] x": 0,
		"x": -1, "[x] y": -1, "[ 1.2] y": -1, "[": -1, "": -1, "]": -1, "[-1.000000] y": -1, "insmod[77]: x": -1,
	} {
		got, ok := Time(line)
		if !ok {
			got = -1
		}
		if got != want {
			t.Errorf("%q: %d, want %d", line, got, want)
		}
	}
}

// TestParse reads logs in the general shape that kernels write them.
func TestParse(t *testing.T) {
	for _, tt := range []struct {
		name string
		log  string
		want []string // kind, first line, number of lines, comm/pid
	}{
		{"nothing", `
[    0.000000] Linux version 6.12.0
[    1.100000] victim: loading out-of-tree module taints kernel.
[    1.200000] do_init_module: 'victim'->init suspiciously returned 7, it should follow 0/-E convention
[    1.200001] do_init_module: loading module anyway...
[    1.200100] CPU: 0 UID: 0 PID: 88 Comm: insmod Tainted: G           OE      6.12.0 #1
[    1.200200] Call Trace:
[    1.200300]  <TASK>
[    1.200400]  dump_stack_lvl+0x5d/0x80
[    1.200500]  </TASK>
[    1.300000] BUG: this is none of ours`[1:], []string{`bug 9 1 /0`}},
		{"warning", `
[   12.345678] ------------[ cut here ]------------
[   12.345679] refcount_t: underflow; use-after-free.
[   12.345680] WARNING: CPU: 1 PID: 321 at lib/refcount.c:28 refcount_warn_saturate+0xba/0x110
[   12.345681] Modules linked in: victim(OE) [last unloaded: user]
[   12.345682] CPU: 1 PID: 321 Comm: rmmod Tainted: G           OE      6.1.0-42-amd64 #1  Debian 6.1.159-1
[   12.345683] RIP: 0010:refcount_warn_saturate+0xba/0x110
[   12.345684] Call Trace:
[   12.345685]  <TASK>
[   12.345686]  module_put+0x50/0x60
[   12.345687]  </TASK>
[   12.345688] ---[ end trace 0000000000000000 ]---
[   12.400000] victim: gone`[1:], []string{`warning 0 11 rmmod/321`}},
		{"oops then panic", `
BUG: kernel NULL pointer dereference, address: 0000000000000008
#PF: supervisor read access in kernel mode
#PF: error_code(0x0000) - not-present page
PGD 0 P4D 0
Oops: 0000 [#1] PREEMPT SMP PTI
CPU: 0 PID: 77 Comm: modprobe Not tainted 6.1.0 #1
RIP: 0010:init_module+0x5/0x1000 [broken]
Call Trace:
 <TASK>
 do_one_initcall+0x56/0x230
 </TASK>
Modules linked in: broken(+)
CR2: 0000000000000008
---[ end trace 0000000000000000 ]---
note: modprobe[77] exited with irqs disabled
Kernel panic - not syncing: Fatal exception
Kernel Offset: disabled
---[ end Kernel panic - not syncing: Fatal exception ]---`[1:], []string{`oops 0 14 modprobe/77`, `panic 15 1 /0`}},
		{"lockdep", `
[    3.000000] ======================================================
[    3.000001] WARNING: possible circular locking dependency detected
[    3.000002] 6.12.0 #1 Not tainted
[    3.000003] ------------------------------------------------------
[    3.000004] modprobe/99 is trying to acquire lock:
[    3.000005] ffffffff82a (module_mutex){+.+.}-{3:3}, at: load_module+0x1
[    3.000006] 
[    3.000007] but task is already holding lock:
[    3.000008] stack backtrace:
[    3.000009] CPU: 0 UID: 0 PID: 99 Comm: modprobe Not tainted 6.12.0 #1
[    3.000010] Call Trace:
[    3.000011]  dump_stack_lvl+0x5d/0x80
[    3.100000] loop: module loaded`[1:], []string{`lockdep 1 11 modprobe/99`}},
		{"hung task, twice", `
[  242.000000] INFO: task modprobe:55 blocked for more than 120 seconds.
[  242.000001]       Not tainted 6.1.0 #1
[  242.000002] "echo 0 > /proc/sys/kernel/hung_task_timeout_secs" disables this message.
[  242.000003] task:modprobe        state:D stack:0     pid:55    ppid:2      flags:0x00004000
[  242.000004] Call Trace:
[  242.000005]  <TASK>
[  242.000006]  __schedule+0x351/0xa20
[  242.000007]  </TASK>
[  242.000008] INFO: task kworker/u4:1:56 blocked for more than 120 seconds.
[  242.000009] Call Trace:
[  242.000010]  __schedule+0x351/0xa20`[1:], []string{`hung-task 0 8 modprobe/55`, `hung-task 8 3 kworker/u4:1/56`}},
		{"others", `
watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [modprobe:123]
rcu: INFO: rcu_preempt self-detected stall on CPU
rcu: INFO: rcu_sched detected stalls on CPUs/tasks:
BUG: KASAN: slab-use-after-free in free_module+0x12/0x300
UBSAN: array-index-out-of-bounds in kernel/module/main.c:10:3
BUG: scheduling while atomic: insmod/44/0x00000002
kernel BUG at kernel/module/main.c:2345!
BUG kmalloc-64 (Tainted: G           OE     ): Redzone overwritten
WARNING: suspicious RCU usage
general protection fault, probably for non-canonical address 0xdead: 0000 [#1] SMP
kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)
usb 1-1: new device`[1:], []string{
			`lockup 0 1 modprobe/123`, `rcu-stall 1 1 /0`, `rcu-stall 2 1 /0`, `sanitizer 3 1 /0`, `sanitizer 4 1 /0`, `bug 5 1 insmod/44`,
			`bug 6 1 /0`, `bug 7 1 /0`, `lockdep 8 1 /0`, `oops 9 1 /0`, `kmemleak 10 1 /0`,
		}},
	} {
		var got []string
		for _, r := range Parse(strings.Split(tt.log, "\n")) {
			got = append(got, fmt.Sprintf("%s %d %d %s/%d", r.Kind, r.Line, len(r.Lines), r.Comm, r.PID))
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, d)
		}
	}
}

// FuzzReports: whatever a guest's log says, reports are in their order, begin
// where they say, and are bounded.
func FuzzReports(f *testing.F) {
	f.Add("------------[ cut here ]------------\nWARNING: CPU: 1 PID: 3 at x\nCPU: 1 PID: 3 Comm: a b Tainted\nCall Trace:\n x\nend")
	f.Add("BUG: unable to handle\nOops: 1\nKernel panic - not syncing: x\n[ 1.0] INFO: task a:1 blocked for more than 1 seconds")
	f.Fuzz(func(t *testing.T, text string) {
		log := strings.Split(text, "\n")
		last := -1
		for _, r := range Parse(log) {
			if r.Line <= last || r.Line >= len(log) || len(r.Lines) == 0 || len(r.Lines) > maxReport+6 || r.Title == "" || r.Kind == "" || r.PID < 0 {
				t.Fatalf("%+v after line %d of %d", r, last, len(log))
			}
			last = r.Line
		}
	})
}

// TestOwnKernel reads the log of a 6.12 with lockdep in which the test module
// ailing did what it does: taken from a machine, all of it.
func TestOwnKernel(t *testing.T) {
	b, err := os.ReadFile("testdata/own-6.12.log")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, r := range Parse(strings.Split(strings.TrimRight(string(b), "\n"), "\n")) {
		text := strings.Join(r.Lines, "\n")
		got = append(got, fmt.Sprintf("%s by %s: %s (its code: %v, %d lines to %q)", r.Kind, r.Comm, r.Title, strings.Contains(text, "ailing_init+0x"), len(r.Lines), r.Lines[len(r.Lines)-1]))
	}
	want := []string{
		`lockdep by kmodsh-child: WARNING: possible circular locking dependency detected (its code: true, 90 lines to " </TASK>")`,
		`bug by kmodsh-child: BUG: sleeping function called from invalid context at include/linux/sched/mm.h:321 (its code: true, 36 lines to " </TASK>")`,
		`warning by kmodsh-child: WARNING: CPU: 0 PID: 65 at /tmp/tests/ailing.c:68 ailing_init+0x78/0x1000 [ailing] (its code: true, 46 lines to "---[ end trace 0000000000000000 ]---")`,
		`bug by insmod: kernel BUG at /tmp/tests/ailing.c:59! (its code: true, 41 lines to "---[ end trace 0000000000000000 ]---")`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}
