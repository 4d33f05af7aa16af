package agent

import (
	"strings"
	"testing"
)

func TestWaitOf(t *testing.T) {
	for _, c := range []struct {
		other bool
		state byte
		stack string
		want  string
		timed bool
	}{
		{true, 'S', "load_module __do_sys_finit_module do_syscall_64", "the other m to finish loading", false},
		{true, 'S', "module_patient_check_exists.constprop.0 load_module", "the other m to finish loading", false},
		{false, 'S', "load_module __do_sys_finit_module", "a symbol of a module, which is coming", true},
		{false, 'S', "idempotent_init_module __x64_sys_finit_module", "the load of the same file by another thread", false},
		{false, 'D', "call_usermodehelper_exec __request_module", "its helper", false},
		{false, 'S', "__request_module request_main kthread", "a free permit", true},
		{false, 'D', "msleep victim_init do_one_initcall do_init_module load_module", "the init function of m", true},
		{false, 'D', "msleep victim_exit __do_sys_delete_module.constprop.0", "the exit function of m", true},
		{false, 'D', "__usermodehelper_disable kmodsh_umh_suspend asker_main", "the callers of helpers", true},
		{false, 'D', "usermodehelper_read_trylock ask asker_main", "user space to be frozen or thawed", false},
		{false, 'D', "wait_for_completion run_test_case trigger_config_store dev_attr_store", "the threads of test_kmod", true},
		{false, 'D', "fanotify_handle_event fsnotify do_dentry_open do_open_execat kernel_execve", "the root file system, which is frozen", false},
		{false, 'D', "kmodsh_stop_wait kmodsh_delay kmodsh_point kmodsh_enter kmodsh_stub_0 load_module", "its delay to end", true},
		{false, 'D', "kmodsh_stop_wait kmodsh_point kmodsh_enter kmodsh_stub_0 load_module", "", false},
		{false, 'S', "futex_wait_queue futex_wait", "", false},
		{false, 'R', "load_module", "", false},
		{false, 'S', "", "", false},
	} {
		got := waitOf(sight{state: c.state, stack: strings.Fields(c.stack)}, c.other)
		if got.named("m") != c.want || got.timed != c.timed {
			t.Errorf("%c in %s: waits for %q, timed %v; want %q, %v", c.state, c.stack, got.named("m"), got.timed, c.want, c.timed)
		}
	}
}

func FuzzParseStack(f *testing.F) {
	f.Add("[<0>] load_module+0x12/0x34\n[<0>] victim_init+0x0/0x10 [victim]\n")
	f.Add("] +\n[<0>] ")
	f.Fuzz(func(t *testing.T, text string) {
		for _, name := range parseStack(text) {
			if name == "" || strings.ContainsAny(name, "+\n") {
				t.Errorf("%q gives %q", text, name)
			}
		}
		if s := parseStat(text); s != 0 && !strings.Contains(text, ") "+string([]byte{s})) {
			t.Errorf("%q gives the state %q", text, s)
		}
	})
}

func TestParseStack(t *testing.T) {
	got := parseStack("[<0>] msleep+0x2d/0x40\n[<0>] victim_init+0x40/0x1000 [victim]\nnoise\n")
	if strings.Join(got, " ") != "msleep victim_init" {
		t.Errorf("%q", got)
	}
	if c := parseStat("12 (a) b) S 1 2"); c != 'S' {
		t.Errorf("state %c", c)
	}
}

func TestReadHelper(t *testing.T) {
	for _, good := range []string{"real", "exit:0", "exit:255", "killed", "missing", "slow:12s", "stuck", "insmod", "binfmt"} {
		if _, err := readHelper(good); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for _, bad := range []string{"", "exit", "exit:256", "exit:-1", "slow:", "slow:-1s", "slow:2h", "missing:1", "other"} {
		if _, err := readHelper(bad); err == nil {
			t.Errorf("%s is taken", bad)
		}
	}
}
