package trace

import (
	"slices"
	"strings"
)

// FuncPrefix begins the ID of a point that is no row of the table but the entry
// of a kernel function, named by hand: "fn:do_init_module".
const FuncPrefix = "fn:"

// PhaseFunction is the phase of such points.
const PhaseFunction Phase = "function"

// maxFunction bounds a function's name, so that the driver takes the ID.
const maxFunction = 60

// neverHeld is a beginning of names of functions where nobody may be held.
type neverHeld struct {
	Prefix string
	Why    string // in words
}

// The reasons that many functions share.
const (
	underMutex = "it runs under module_mutex: every reader of /proc/modules, and every other load, would hang"
	standsOn   = "the test driver itself stands on it"
	everywhere = "the whole kernel comes by, also where nobody may sleep"
)

// NeverHeldFunctions lists them; the driver has the same list (deny.c), and
// trusts nobody else's. down_timeout alone is excepted, where requests wait for
// a permit.
func NeverHeldFunctions() []neverHeld {
	var list []neverHeld
	for _, g := range []struct {
		why, prefixes string
	}{
		{underMutex, "find_module find_symbol module_patient_check_exists each_symbol sysfs_create_link module_put try_module_get " +
			"__module_get do_free_init module_kallsyms mod_find mod_tree m_start m_next m_stop m_show modules_open"},
		{standsOn, "ftrace __ftrace arch_ftrace register_ftrace kprobe __kprobe rethook text_poke stop_machine smp_ rcu_ __rcu " +
			"call_rcu synchronize_"},
		{everywhere, "schedule __schedule preempt_schedule io_schedule _raw_ __raw_ raw_ native_ queued_ mutex_ __mutex down_read " +
			"down_write up_ rwsem_ wake_up __wake_up try_to_wake_up default_wake irq_work do_exit " +
			"lock_acquire lock_release lock_is_held __lock_ lockdep debug_lock trace_hardirqs might_ __might_ kmemleak"},
		{standsOn, "ktime_get copy_from_kernel kallsyms printk _printk vprintk kmodsh"},
	} {
		for p := range strings.FieldsSeq(g.prefixes) {
			list = append(list, neverHeld{p, g.why})
		}
	}
	return list
}

// functionRow is a function that is worth naming, with where its arguments say
// what it is about (package inject) and with which errnos it may be left out.
type functionRow struct {
	name, args, says string
	fail             []string
}

// moreFunctions are those that no point of the table is hooked at, present on
// 6.1.192 or 6.12.117 and held there; the order is that of a request, a load
// and an unload.
func moreFunctions() []functionRow {
	return []functionRow{
		{"get_fs_type", "q0", "A file system type is looked for.", nil},
		{"call_usermodehelper_setup", "v1", "A helper is about to be prepared; the permit is taken.", nil},
		{"call_usermodehelper_exec_work", "-", "A worker of the kernel is about to make a helper's process.", nil},
		{"call_usermodehelper_exec_async", "c0", "A helper's process has been born, and is no program yet.", nil},
		{"kernel_execve", "e0", "A process of the kernel is about to become a program.", []string{"ENOENT", "EACCES", "ENOEXEC", "ENOMEM"}},
		{"idempotent_init_module", "f0", "A load by file is about to see whether another one loads the same file (6.12).", nil},
		{"init_module_from_file", "f0", "A load by file begins; others of the same file wait for it (6.12).", []string{"ENOMEM", "EINTR"}},
		{"load_module", "t0", "The image is there, and nothing of it has been looked at.", nil},
		{"finished_loading", "s0", "A load looks whether the other one of its name is over.", nil},
		{"blocking_notifier_call_chain_robust", "t0", "Those who want to hear of modules are about to be told.", nil},
		{"sysfs_create_group", "t0", "A group of files in sysfs is about to be made.", nil},
		{"do_one_initcall", "i0", "The module's init is about to be called.", []string{"ENOMEM", "EIO", "ENODEV"}},
		{"mod_sysfs_teardown", "m0", "The module's directory in sysfs is about to be taken down.", nil},
		{"module_destroy_params", "t0", "What the parameters have allocated is about to be freed.", nil},
	}
}

// Functions lists the points of functions that are worth naming. Any other
// function of a kernel may be named, too, that is none of NeverHeldFunctions
// and has an entry to attach to.
func Functions() []Point {
	var list []Point
	for _, r := range functionRows() {
		p, _ := functionPoint(r.name)
		list = append(list, p)
	}
	return list
}

// functionRows are the table's own functions and the others.
func functionRows() []functionRow {
	var rows []functionRow
	for _, p := range Points() {
		for _, h := range p.Hooks {
			if slices.ContainsFunc(rows, func(r functionRow) bool { return r.name == h.Func }) || h.FailOnly {
				continue
			}
			r := functionRow{name: h.Func, args: h.Args, says: p.Says}
			switch {
			case h.Skip && h.SkipWith != "":
				r.fail = []string{h.SkipWith}
			case h.Skip:
				r.fail = p.Fail
			}
			rows = append(rows, r)
		}
	}
	return append(rows, moreFunctions()...)
}

// functionPoint makes the point of a function; ok is false where the name can
// be none.
func functionPoint(name string) (Point, bool) {
	if name == "" || len(name) > maxFunction || strings.ContainsFunc(name, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '_' && c != '.'
	}) {
		return Point{}, false
	}
	r := functionRow{name: name, args: "t0", says: "A function of the kernel, named by hand, is entered."}
	if rows := functionRows(); slices.ContainsFunc(rows, func(o functionRow) bool { return o.name == name }) {
		r = rows[slices.IndexFunc(rows, func(o functionRow) bool { return o.name == name })]
	}
	p := Point{
		ID: FuncPrefix + name, Name: "entered", Phase: PhaseFunction, Says: r.says, Sees: "What the function has not done yet.",
		Funcs: []Func{{Since: "0", Name: name}}, Hold: true, Fail: r.fail, Source: "named by hand",
		Hooks: []Hook{{Since: "0", Func: name, Args: r.args, Skip: len(r.fail) > 0}},
	}
	for _, n := range NeverHeldFunctions() {
		if strings.HasPrefix(name, n.Prefix) && name != "down_timeout" {
			p.Hold, p.Why, p.Hooks, p.Fail = false, n.Why, nil, nil
			break
		}
	}
	return p, true
}
