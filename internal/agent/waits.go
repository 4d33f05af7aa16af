package agent

import (
	"strings"
)

// sight is where a task of the guest stands, by what /proc shows of it.
type sight struct {
	gone  bool     // no such task, or a zombie
	state byte     // R, S, D, T, ... of proc(5)
	stack []string // functions of the kernel it is in, the innermost first; without those of the scheduler
}

// asleep says that the task waits for something.
func (s sight) asleep() bool { return !s.gone && (s.state == 'S' || s.state == 'D') }

// in says whether a function is on the stack.
func (s sight) in(function string) bool {
	for _, f := range s.stack {
		if baseName(f) == function {
			return true
		}
	}
	return false
}

// baseName drops what the compiler adds to a function's name (".constprop.0").
func baseName(function string) string {
	name, _, _ := strings.Cut(function, ".")
	return name
}

// known is a wait of the kernel's module code.
type known struct {
	kind  waitKind
	words string // what is waited for; %m is the module's name
	timed bool   // a time-out ends it
	limit int64  // how long it takes at most, nanoseconds; 0 not known
}

// waitKind tells the waits apart that the stepper treats in a way of their own.
type waitKind int

const (
	waitNone   waitKind = iota
	waitOther           // ends by what another thread does
	waitHelper          // for the exit of a helper
	waitSleep           // for time to pass
	waitAsync           // for the end of asynchronous work
)

const second = int64(1e9)

// waitOf says what a sleeping task waits for, by where in the kernel it sleeps;
// kind is waitNone when that is no wait of the module code. at is the point the
// task passed last, which tells two waits apart that sleep in one function.
//
// The functions are those of 6.1.192 and 6.12.117 as Debian builds them: what
// is inlined there shows as its caller.
func waitOf(s sight, other bool) known {
	if !s.asleep() || len(s.stack) == 0 {
		return known{}
	}
	if s.in("trigger_config_store") { // lib/test_kmod.c; who it waits for is followed by nobody
		return known{waitOther, "the threads of test_kmod", true, 0}
	}
	switch top := baseName(s.stack[0]); top {
	case "msleep", "msleep_interruptible", "usleep_range_state", "kmodsh_sleep", "schedule_timeout_uninterruptible", "schedule_timeout_interruptible":
		switch {
		case s.in("do_init_module") || s.in("do_one_initcall"):
			return known{waitSleep, "the init function of %m", true, 0}
		case s.in("__do_sys_delete_module") || s.in("__x64_sys_delete_module"):
			return known{waitSleep, "the exit function of %m", true, 0}
		case s.in("async_run_entry_fn"):
			return known{waitSleep, "its asynchronous work", true, 0}
		}
		return known{waitSleep, "a while", true, 0}
	case "kmodsh_stop_wait": // of who is held the driver tells
		if s.in("kmodsh_delay") {
			return known{waitSleep, "its delay to end", true, 0}
		}
	case "load_module", "module_patient_check_exists", "add_unformed_module":
		// wait_event_interruptible(module_wq, finished_loading(name)), or on
		// 6.1 resolve_symbol_wait, which is inlined.
		if top == "load_module" && !other {
			return known{waitOther, "a symbol of a module, which is coming", true, 30 * second}
		}
		return known{waitOther, "the other %m to finish loading", false, 0}
	case "resolve_symbol_wait", "simplify_symbols":
		return known{waitOther, "a symbol of a module, which is coming", true, 30 * second}
	case "idempotent_wait_for_completion", "idempotent_init_module", "idempotent":
		return known{waitOther, "the load of the same file by another thread", false, 0}
	case "call_usermodehelper_exec", "call_modprobe":
		return known{waitHelper, "its helper", false, 0}
	case "__request_module":
		return known{waitOther, permitWait, true, 5 * second}
	case "__usermodehelper_disable", "usermodehelper_disable":
		return known{waitOther, "the callers of helpers", true, 5 * second}
	case "usermodehelper_read_trylock", "usermodehelper_read_lock_wait":
		return known{waitOther, "user space to be frozen or thawed", false, 0}
	case "async_synchronize_cookie_domain", "async_synchronize_full":
		return known{waitAsync, "all asynchronous work to end", false, 0}
	case "fanotify_get_response", "fanotify_handle_event":
		return known{waitOther, "the root file system, which is frozen", false, 0}
	case "__refrigerator":
		return known{waitOther, "user space to be thawed", false, 0}
	}
	return known{}
}

// parseStack reads /proc/PID/task/TID/stack: lines "[<0>] function+0x12/0x34",
// or with "[module]" behind.
func parseStack(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		_, rest, ok := strings.Cut(strings.TrimSpace(line), "] ")
		if !ok {
			continue
		}
		name, _, _ := strings.Cut(rest, "+")
		if name = cleanText(name, 128); name != "" && len(list) < 64 {
			list = append(list, name)
		}
	}
	return list
}

// parseStat reads the state out of /proc/PID/stat; 0 when it makes no sense.
func parseStat(text string) byte {
	i := strings.LastIndexByte(text, ')')
	if i < 0 || len(text) < i+3 || text[i+1] != ' ' {
		return 0
	}
	return text[i+2]
}

// parseTask reads name and parent of a process out of /proc/PID/stat.
func parseTask(text string) (comm, parent string) {
	i, j := strings.IndexByte(text, '('), strings.LastIndexByte(text, ')')
	if i < 0 || j < i {
		return "", ""
	}
	if f := strings.Fields(text[j+1:]); len(f) >= 2 {
		parent = f[1]
	}
	return text[i+1 : j], parent
}

// permitWait is what a requester waits for when the limit is reached
// (kernel/kmod.c, __request_module, 4.14 to 6.12).
const permitWait = "a free permit"
