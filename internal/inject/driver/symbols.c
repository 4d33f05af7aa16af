// SPDX-License-Identifier: GPL-2.0
/*
 * Names of the kernel that are not exported.
 *
 * kallsyms_lookup_name() has not been exported since 5.7, but it is an
 * ordinary function that may be probed: registering a kprobe on its name makes
 * the kernel itself look the address up. This needs CONFIG_KPROBES and a name
 * in the symbol table, no address from user space, and works the same whether
 * or not addresses are randomised. The other names are then looked up by it.
 * For 6.12 with indirect branch tracking the probe's address lies behind the
 * function's ENDBR; going in there is as good, see kmodsh_call().
 */
#include <linux/atomic.h>
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/semaphore.h>
#include <linux/version.h>

#include "kmodsh.h"

static unsigned long lookup_name, ftrace_location_fn, module_address_fn;

struct list_head *kmodsh_modules;
struct kset *kmodsh_module_kset;
const char *kmodsh_modprobe_path;
void *kmodsh_permits;
const int *kmodsh_umh_disabled;

unsigned long kmodsh_symbol(const char *name)
{
	return kmodsh_call(lookup_name, (unsigned long)name, 0);
}

/* The address of a function's ftrace entry, 0 where it has none. */
unsigned long kmodsh_ftrace_location(unsigned long addr)
{
	return kmodsh_call(ftrace_location_fn, addr, 0);
}

/* The module that owns an address; it stays while preemption is off. */
struct module *kmodsh_module_at(unsigned long addr)
{
	return module_address_fn ? (struct module *)kmodsh_call(module_address_fn, addr, 0) : NULL;
}

/*
 * Permits: MAX_KMOD_CONCURRENT of kernel/kmod.c, an atomic count of free ones
 * up to 6.3, a semaphore of the same name from 6.4 (kernel/module/kmod.c).
 */
int kmodsh_permits_used(void)
{
	int avail;

	if (!kmodsh_permits)
		return -1;
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	avail = READ_ONCE(((struct semaphore *)kmodsh_permits)->count);
#else
	avail = atomic_read((atomic_t *)kmodsh_permits);
#endif
	return 50 - avail;
}

/* Who waits for a permit; -1 where the kernel keeps no list of them. */
int kmodsh_permits_waiting(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	struct semaphore *sem = kmodsh_permits;
	struct list_head *p;
	unsigned long flags;
	int n = 0;

	if (!sem)
		return -1;
	raw_spin_lock_irqsave(&sem->lock, flags);
	list_for_each(p, &sem->wait_list)
		n++;
	raw_spin_unlock_irqrestore(&sem->lock, flags);
	return n;
#else
	return -1;
#endif
}

int __init kmodsh_symbols_init(void)
{
	struct kprobe kp = { .symbol_name = "kallsyms_lookup_name" };
	unsigned long addr;
	int err = register_kprobe(&kp);

	if (err) {
		pr_err("kmodsh: no symbol table: kprobe on kallsyms_lookup_name: %d\n", err);
		return err;
	}
	lookup_name = (unsigned long)kp.addr;
	unregister_kprobe(&kp);

	ftrace_location_fn = kmodsh_symbol("ftrace_location");
	module_address_fn = kmodsh_symbol("__module_address");
	kmodsh_modules = (struct list_head *)kmodsh_symbol("modules");
	kmodsh_modprobe_path = (const char *)kmodsh_symbol("modprobe_path");
	kmodsh_permits = (void *)kmodsh_symbol("kmod_concurrent_max");
	kmodsh_umh_disabled = (const int *)kmodsh_symbol("usermodehelper_disabled");
	addr = kmodsh_symbol("module_kset");
	if (addr)
		kmodsh_module_kset = *(struct kset **)addr;
	if (!ftrace_location_fn || !kmodsh_modules || !kmodsh_module_kset) {
		pr_err("kmodsh: the symbol table has no ftrace_location, modules or module_kset\n");
		return -ENOENT;
	}
	return 0;
}
