// SPDX-License-Identifier: GPL-2.0
/*
 * What kernel functions return, by return probes: events of the kind ret. A
 * probe's entry half sees the arguments, so the event can say which module it
 * was. A function that a hook skipped returns here as well.
 */
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "kmodsh.h"

/* As many calls as may be under way at once: a flood and what it starts. */
#define CALLS	(KMODSH_THREADS + 100)

struct probe {
	struct list_head list;
	struct kretprobe rp;
	u8 layout;
	bool ends_request;
	char id[KMODSH_ID + 1];
	char func[KMODSH_FUNC + 1];
};

struct call {
	u64 began;
	char module[MODULE_NAME_LEN];
	char name[KMODSH_NAME + 1];
};

static LIST_HEAD(probes);	/* under kmodsh_commands */

static int entered(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct probe *p = container_of(get_kretprobe(ri), struct probe, rp);
	const unsigned long args[] = {
		regs->di, regs->si, regs->dx, regs->cx, regs->r8, regs->r9
	};
	struct call *c = (struct call *)ri->data;
	struct kmodsh_event ev;
	struct kmodsh_guard g;
	bool ours;

	if (in_nmi() || kmodsh_busy())
		return 1;
	kmodsh_event_init(&ev, EV_RET);
	g = kmodsh_lock_all();
	ours = kmodsh_arguments(p->layout, "", args, &ev);
	c->began = ktime_get_ns();
	memcpy(c->module, ev.module, sizeof(c->module));
	memcpy(c->name, ev.name, sizeof(c->name));
	kmodsh_unlock_all(g);
	return !ours;
}

static int returned(struct kretprobe_instance *ri, struct pt_regs *regs)
{
	struct probe *p = container_of(get_kretprobe(ri), struct probe, rp);
	struct call *c = (struct call *)ri->data;
	struct kmodsh_event ev;
	struct kmodsh_guard g;

	kmodsh_event_init(&ev, EV_RET);
	kmodsh_event_task(&ev);
	strscpy(ev.id, p->id, sizeof(ev.id));
	memcpy(ev.module, c->module, sizeof(ev.module));
	memcpy(ev.name, c->name, sizeof(ev.name));
	/* All of them return an int or an errno; the upper half of rax is free. */
	ev.ret = (s32)regs_return_value(regs);
	ev.took = ktime_get_ns() - c->began;
	g = kmodsh_lock_all();
	ev.traced = kmodsh_is_traced();
	ev.request = kmodsh_request_of();
	if (p->ends_request)
		kmodsh_request_end();
	kmodsh_emit(&ev);
	kmodsh_unlock_all(g);
	return 0;
}

int kmodsh_return_hook(const char *id, const char *func, enum kmodsh_layout layout)
{
	unsigned long addr = kmodsh_symbol(func);
	struct probe *p;
	int err;

	if (!addr)
		return -ENOENT;
	if (kmodsh_denied(func, addr))
		return -EPERM;
	list_for_each_entry(p, &probes, list)
		if (!strcmp(p->func, func))
			return -EEXIST;
	p = kzalloc(sizeof(*p), GFP_KERNEL);
	if (!p)
		return -ENOMEM;
	strscpy(p->id, id, sizeof(p->id));
	strscpy(p->func, func, sizeof(p->func));
	p->layout = layout;
	p->ends_request = !strcmp(func, "__request_module");
	p->rp.kp.addr = (kprobe_opcode_t *)addr;
	p->rp.entry_handler = entered;
	p->rp.handler = returned;
	p->rp.data_size = sizeof(struct call);
	p->rp.maxactive = CALLS;
	err = register_kretprobe(&p->rp);
	if (err) {
		kfree(p);
		return err;
	}
	list_add_tail(&p->list, &probes);
	return 0;
}

/* Takes away the probes of an ID, or all for NULL. */
int kmodsh_return_unhook(const char *id)
{
	struct probe *p, *next;
	int err = -ENOENT;

	list_for_each_entry_safe(p, next, &probes, list) {
		if (id && strcmp(p->id, id))
			continue;
		unregister_kretprobe(&p->rp);
		list_del(&p->list);
		kfree(p);
		err = 0;
	}
	return err;
}

void kmodsh_returns_clear(void)
{
	kmodsh_return_unhook(NULL);
}
