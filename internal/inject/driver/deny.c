// SPDX-License-Identifier: GPL-2.0
/*
 * What must never be hooked, and what may be skipped. Both are kept here as
 * well as in the table of points: the driver trusts nobody.
 */
#include <linux/string.h>

#include "kmodsh.h"

/*
 * Functions whose name begins so are refused. The first lot runs with
 * module_mutex held or with preemption off: who is held there hangs every
 * reader of /proc/modules. The rest is what a hook itself stands on.
 */
static const char *const denied[] = {
	"find_module", "find_symbol", "module_patient_check_exists", "each_symbol",
	"sysfs_create_link", "module_put", "try_module_get", "__module_get",
	"do_free_init", "module_kallsyms", "mod_find", "mod_tree", "m_start", "m_next", "m_stop",
	"m_show", "modules_open",
	"ftrace", "__ftrace", "arch_ftrace", "register_ftrace", "kprobe", "__kprobe", "rethook",
	"text_poke", "stop_machine", "smp_", "rcu_", "__rcu", "call_rcu", "synchronize_",
	"schedule", "__schedule", "preempt_schedule", "io_schedule", "_raw_", "__raw_", "raw_",
	"native_", "queued_", "mutex_", "__mutex", "down_read", "down_write", "up_", "rwsem_",
	"wake_up", "__wake_up", "try_to_wake_up", "default_wake", "irq_work", "do_exit",
	"lock_acquire", "lock_release", "lock_is_held", "__lock_", "lockdep", "debug_lock", "trace_hardirqs",
	"might_", "__might_", "kmemleak",
	"ktime_get", "copy_from_kernel", "kallsyms", "printk", "_printk", "vprintk", "kmodsh",
	NULL
};

/* Not by prefix: __module_put_and_kthread_exit is where our threads end. */
static const char *const allowed[] = { "down_timeout", NULL };

bool kmodsh_denied(const char *func, unsigned long addr)
{
	int i;

	if (within_module(addr, THIS_MODULE))
		return true;
	for (i = 0; allowed[i]; i++)
		if (!strcmp(func, allowed[i]))
			return false;
	for (i = 0; denied[i]; i++)
		if (!strncmp(func, denied[i], strlen(denied[i])))
			return true;
	return false;
}

/*
 * Functions that may return an error without having run: every caller unwinds
 * as if the function itself had failed, and nothing it should have freed is
 * left. Read in 6.1.192 and 6.12.117:
 *
 * - the system calls, module_sig_check, klp_module_coming, mod_sysfs_setup,
 *   module_param_sysfs_setup, security_kernel_module_request, kernel_read_file,
 *   sysfs_create_file_ns, down_timeout, kernel_execve, init_module_from_file,
 *   copy_module_elf: take nothing over, return 0 or a negative errno;
 * - do_one_initcall: as if the module's init had returned the errno. Not
 *   do_init_module: the module would stay coming for ever;
 * - resolve_symbol, strndup_user, parse_args: return ERR_PTR. Not EBUSY of
 *   resolve_symbol: the caller waits 30 s and prints an owner nobody has set;
 * - kobject_create_and_add: returns NULL, which its callers take as ENOMEM;
 * - call_usermodehelper_exec: frees its argument in every case.
 */
static const struct kmodsh_skip skips[] = {
	{ "__x64_sys_finit_module" },
	{ "__x64_sys_init_module" },
	{ "__x64_sys_delete_module" },
	{ "init_module_from_file" },
	{ "kernel_read_file" },
	{ "module_sig_check" },
	{ "resolve_symbol", .never = EBUSY },
	{ "strndup_user" },
	{ "klp_module_coming" },
	{ "parse_args" },
	{ "mod_sysfs_setup" },
	{ "kobject_create_and_add", RETURNS_NULL, .only = ENOMEM },
	{ "module_param_sysfs_setup" },
	{ "sysfs_create_file_ns" },
	{ "copy_module_elf" },
	{ "do_one_initcall" },
	{ "security_kernel_module_request" },
	{ "down_timeout" },
	{ "call_usermodehelper_exec", .frees_helper = true },
	{ "kernel_execve" },
	{ "notifier:COMING" },
	{ NULL }
};

const struct kmodsh_skip *kmodsh_may_skip(const char *func)
{
	const struct kmodsh_skip *s;

	for (s = skips; s->func; s++)
		if (!strcmp(s->func, func))
			return s;
	return NULL;
}
