//go:build linux

package main

import (
	"os"
	"strings"
	"testing"
)

// TestVMOwnKernel uses a kernel with what distributions leave out, as
// docs/own-kernel.md has it: what each of its watchdogs reports comes out with
// its text and the move that brought it; where nothing is wrong, none says so.
func TestVMOwnKernel(t *testing.T) {
	tree := os.Getenv("KMODSH_OWN_KERNEL")
	if tree == "" {
		t.Skip("needs a kernel with lockdep, kmemleak and test_kmod: KMODSH_OWN_KERNEL=TREE, docs/own-kernel.md")
	}
	bin := buildStatic(t)
	if out, errs, status := command(t, bin, "", "--kernel", tree, "lab", "driver", "build"); status != 0 {
		t.Fatalf("the test driver: exit %d\n%s%s", status, out, errs)
	}
	const upTo = "\nuntil at(\"A\") == \"L17\"\nstep A\ncontinue"
	for _, tt := range []struct {
		name, lines string
		status      int
		says        []string
	}{
		{"clean", "hold W4 module=minix\nspawn A insmod minix\ncontinue\npolicy kmod19\nspawn B request fs-minix\ncontinue B\n" +
			"expect verdict(\"B\") == \"premature\"\nrelease A\ncontinue\nspawn C rmmod minix\ncontinue\ndelay L17 50ms\n" +
			"spawn D insmod minix\nspawn E insmod minix\ncontinue --at-once\nflood 60 nosuch\ncontinue", 0, []string{"\nok 1 "}},
		{"test_kmod", "spawn A testkmod minix\ncontinue\nexpect result(\"A\") == 0 and state(\"minix\") == \"live\"\n" +
			"spawn B testkmod nosuch threads=5\ncontinue\nexpect result(\"B\") == 256\n" +
			"spawn C testkmod romfs fs threads=5\ncontinue\nexpect result(\"C\") == 0\n" +
			"spawn D testkmod nosuch fs threads=2\ncontinue\nexpect result(\"D\") == -EINVAL", 0, []string{"\nok 1 "}},
		{"inverts", "spawn A insmod ailing inverts=1" + upTo, 1, []string{"lockdep, by insmod/", "(A from L17, now", "WARNING: possible circular locking", "\n  # got:   but task is already holding lock:", "ailing_init+0x"}},
		{"atomic", "spawn A insmod ailing atomic=1" + upTo, 1, []string{"bug, by insmod/", "(A from L17, now", "sleeping function called from invalid context", "ailing_init+0x"}},
		{"hangs", "spawn A insmod ailing hangs=300" + upTo, 1, []string{"hung-task, by insmod/", "blocked for more than", "has been on its way from L17", "ailing_init+0x"}},
		{"oopses", "spawn A insmod ailing oops=1" + upTo, 1, []string{"bug, by insmod/", "(A from L17, now returned", "kernel BUG at "}},
		{"warns", "spawn A insmod ailing" + upTo, 1, []string{"warning, by insmod/", "(A from L17, now", "ailing: warns as it always does"}},
	} {
		out, status := bisected(t, bin, tree, "", tt.name, tt.lines)
		if status != tt.status {
			t.Errorf("%s: exit %d\n%s", tt.name, status, out)
		}
		for _, want := range tt.says {
			if !strings.Contains(out, want) {
				t.Errorf("%s does not say %q:\n%s", tt.name, want, out)
			}
		}
	}
	// A module whose init loses memory and fails: kmemleak says what and where.
	out, errs, status := command(t, bin, "", "--kernel", tree, "sweep", "fail", "--repeat", "4", "--point", "L14", "leaky", "leak=1")
	if text := strings.Join(strings.Fields(out), " "); status != 1 || !strings.Contains(text, "kmemleak: ") || !strings.Contains(text, "parse_args, load_module") {
		t.Errorf("leaky: exit %d\n%s%s", status, out, errs)
	}
}
