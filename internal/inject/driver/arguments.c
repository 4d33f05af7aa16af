// SPDX-License-Identifier: GPL-2.0
/*
 * What a function's arguments say. A layout named by hand may be the wrong one
 * for its function, so nothing is read but by copy_from_kernel_nofault() and
 * its kin: a wrong pointer gives no name, never a fault.
 */
#include <linux/dcache.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/kobject.h>
#include <linux/preempt.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/umh.h>

#include "kmodsh.h"

const char *const kmodsh_layouts[LAY_COUNT] = {
	"-", "m0", "s0", "s1", "r0", "q0", "p0", "v1", "u0", "c0", "e0",
	"k0", "h1", "f0", "x0", "y0", "d0", "i0", "n2", "t0"
};

/* Reads a string at a kernel address, cut to size; "" when it cannot. */
static void read_string(char *to, size_t size, const void *from)
{
	size_t i;

	for (i = 0; i < size - 1; i++) {
		if (copy_from_kernel_nofault(&to[i], from + i, 1))
			break;
		if (!to[i])
			return;
	}
	to[i] = 0;
}

static void *read_pointer(const void *at)
{
	void *p;

	return copy_from_kernel_nofault(&p, at, sizeof(p)) ? NULL : p;
}

static void read_module(const struct module *mod, struct kmodsh_event *ev)
{
	enum module_state state;

	read_string(ev->module, sizeof(ev->module), mod->name);
	if (!copy_from_kernel_nofault(&state, &mod->state, sizeof(state)) &&
	    (unsigned int)state <= MODULE_STATE_UNFORMED)
		ev->state = state;
}

/* The module's name as its file's name has it. */
static void read_file(const struct file *file, struct kmodsh_event *ev)
{
	const struct dentry *dentry = read_pointer(&file->f_path.dentry);
	char *p;

	if (!dentry)
		return;
	read_string(ev->name, sizeof(ev->name), read_pointer(&dentry->d_name.name));
	strscpy(ev->module, ev->name, sizeof(ev->module));
	p = strstr(ev->module, ".ko");
	if (p)
		*p = 0;
	for (p = ev->module; *p; p++)
		if (*p == '-')
			*p = '_';
}

/* The requested name in modprobe's argument vector: PATH -q -- NAME. */
static void read_argv(char **argv, struct kmodsh_event *ev)
{
	if (argv && read_pointer(&argv[0]) && read_pointer(&argv[1]) && read_pointer(&argv[2]))
		read_string(ev->name, sizeof(ev->name), read_pointer(&argv[3]));
}

/* A kobject below /sys/module, whose name is the module's. */
static bool read_kobject(const struct kobject *kobj, struct kmodsh_event *ev)
{
	struct kset *kset = read_pointer(&kobj->kset);

	if (kset != kmodsh_module_kset)
		return false;
	read_string(ev->module, sizeof(ev->module), read_pointer(&kobj->name));
	return true;
}

/* The registers of a system call's caller. */
static bool read_syscall(const struct pt_regs *regs, unsigned long *first)
{
	return !copy_from_kernel_nofault(first, &regs->di, sizeof(*first));
}

/* A string of the process, without waiting for a page to come in. */
static void read_user(char *to, size_t size, const char __user *from)
{
	long n;

	pagefault_disable();
	n = strncpy_from_user(to, from, size);
	pagefault_enable();
	if (n < 0)
		n = 0;
	to[min_t(size_t, n, size - 1)] = 0;
}

static void read_initcall(unsigned long init, struct kmodsh_event *ev)
{
	struct module *mod;

	preempt_disable();
	mod = kmodsh_module_at(init);
	if (mod)
		read_module(mod, ev);
	preempt_enable();
}

/*
 * Fills in what the arguments say; false when this call is not what the hook
 * is about. The caller holds kmodsh_lock for LAY_T0.
 */
bool kmodsh_arguments(enum kmodsh_layout layout, const char *attr, const unsigned long *args,
		      struct kmodsh_event *ev)
{
	const void *a = (const void *)args[0], *b = (const void *)args[1];
	const struct subprocess_info *sub = a;
	unsigned long first;
	struct file *file;

	switch (layout) {
	case LAY_N2:
		read_string(ev->name, sizeof(ev->name), (const void *)args[2]);
		fallthrough;
	case LAY_M0:
		read_module(a, ev);
		break;
	case LAY_T0:
		strscpy(ev->module, kmodsh_working(), sizeof(ev->module));
		break;
	case LAY_S0:
		read_string(ev->module, sizeof(ev->module), a);
		break;
	case LAY_S1:
		read_string(ev->module, sizeof(ev->module), b);
		break;
	case LAY_Q0:
		read_string(ev->name, sizeof(ev->name), a);
		break;
	case LAY_P0:
		return a && a == kmodsh_permits;
	case LAY_V1:
		if (a != kmodsh_modprobe_path)
			return false;
		read_argv((char **)b, ev);
		break;
	case LAY_U0:
	case LAY_C0:
		if (read_pointer(&sub->path) != kmodsh_modprobe_path)
			return false;
		read_argv(read_pointer(&sub->argv), ev);
		break;
	case LAY_E0:
		read_string(ev->name, sizeof(ev->name), a);
		break;
	case LAY_K0:
		if (!read_kobject(a, ev))
			return false;
		read_string(ev->name, sizeof(ev->name),
			    read_pointer(&((const struct attribute *)b)->name));
		return !*attr || !strcmp(attr, ev->name);
	case LAY_H1:
		read_string(ev->name, sizeof(ev->name), a);
		return (!*attr || !strcmp(attr, ev->name)) && read_kobject(b, ev);
	case LAY_X0:
		if (args[5] != READING_MODULE)
			return false;
		fallthrough;
	case LAY_F0:
		read_file(a, ev);
		break;
	case LAY_Y0:
		if (!read_syscall(a, &first))
			break;
		file = fget(first);
		if (file) {
			read_file(file, ev);
			fput(file);
		}
		break;
	case LAY_D0:
		if (read_syscall(a, &first))
			read_user(ev->module, sizeof(ev->module), (const void __user *)first);
		break;
	case LAY_I0:
		read_initcall(args[0], ev);
		break;
	default:
		break;
	}
	return true;
}
