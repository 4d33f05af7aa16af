// SPDX-License-Identifier: GPL-2.0
/*
 * The true state of the kernel's modules: also of those that /proc/modules
 * hides (unformed) or can't show now because module_mutex is held.
 */
#include <linux/namei.h>
#include <linux/rculist.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kmodsh.h"

#define MODULES	1024

struct seen {
	char name[MODULE_NAME_LEN];
	u8 state;
	bool dir;
	s32 refs;
	u64 taints;
};

/*
 * The list is for reading under RCU (kernel/module/main.c: list_add_rcu,
 * list_del_rcu and a grace period before a module's memory goes), so nobody
 * who holds module_mutex is waited for.
 */
static unsigned int collect(struct seen *to)
{
	struct module *mod;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(mod, kmodsh_modules, list) {
		if (n == MODULES)
			break;
		strscpy(to[n].name, mod->name, sizeof(to[n].name));
		to[n].state = mod->state;
		to[n].refs = module_refcount(mod);
		to[n].taints = mod->taints;
		to[n].dir = mod->mkobj.kobj.state_in_sysfs;
		n++;
	}
	rcu_read_unlock();
	return n;
}

static bool exists(const char *module, const char *file)
{
	struct path path;
	char name[128];

	snprintf(name, sizeof(name), "/sys/module/%s/%s", module, file);
	if (kern_path(name, 0, &path))
		return false;
	path_put(&path);
	return true;
}

/* What its directory holds: looked up as a process would. */
static u16 sysfs_of(const struct seen *m)
{
	u16 bits = m->dir ? 1 : 0;
	int i;

	if (m->state == MODULE_STATE_LIVE || m->state == MODULE_STATE_UNFORMED)
		return bits;
	for (i = 1; kmodsh_sysfs_names[i]; i++)
		if (exists(m->name, kmodsh_sysfs_names[i]))
			bits |= 1u << i;
	return bits;
}

int kmodsh_state_tell(void)
{
	struct seen *list = kvmalloc_array(MODULES, sizeof(*list), GFP_KERNEL);
	struct kmodsh_event ev;
	unsigned int i, n;
	u64 lines = 0;

	if (!list)
		return -ENOMEM;
	n = collect(list);
	for (i = 0; i < n; i++) {
		kmodsh_event_init(&ev, EV_MODULE);
		strscpy(ev.module, list[i].name, sizeof(ev.module));
		ev.state = list[i].state;
		ev.refs = list[i].refs;
		ev.taints = list[i].taints;
		ev.sysfs = sysfs_of(&list[i]);
		kmodsh_emit(&ev);
		lines++;
	}
	kvfree(list);
	if (kmodsh_permits) {
		kmodsh_event_init(&ev, EV_PERMITS);
		ev.used = kmodsh_permits_used();
		ev.limit = 50;
		ev.waiting = kmodsh_permits_waiting();
		kmodsh_emit(&ev);
		lines++;
	}
	if (kmodsh_modprobe_path) {
		kmodsh_event_init(&ev, EV_MODPROBE);
		strscpy(ev.name, kmodsh_modprobe_path, sizeof(ev.name));
		kmodsh_emit(&ev);
		lines++;
	}
	if (kmodsh_umh_state()) {
		kmodsh_event_init(&ev, EV_UMH);
		strscpy(ev.name, kmodsh_umh_state() ?: "", sizeof(ev.name));
		kmodsh_emit(&ev);
		lines++;
	}
	kmodsh_event_init(&ev, EV_END);
	ev.n = lines;
	kmodsh_emit(&ev);
	return 0;
}
