// SPDX-License-Identifier: GPL-2.0
/* What happens when a task comes to a hooked point. */
#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/pid.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/umh.h>
#include <asm/syscall.h>
#include <asm/unistd.h>

#include "kmodsh.h"

static atomic_t inside = ATOMIC_INIT(0);

/* What to do with the task, found under the lock and done without it. */
struct verdict {
	enum kmodsh_do action;
	unsigned int ms;
	int errnum;
	bool holdable;		/* the task may sleep here */
	const struct kmodsh_skip *skip;
	struct kmodsh_stop stop;
};

/*
 * Kernels with PREEMPT_DYNAMIC count preemption; on others nothing is known,
 * and nobody is held.
 */
static bool may_hold(void)
{
	return current->tgid != kmodsh_owner && !is_global_init(current) &&
	       IS_ENABLED(CONFIG_PREEMPT_COUNT) && !preempt_count() && !irqs_disabled() &&
	       !rcu_preempt_depth() && !is_idle_task(current);
}

static bool in_scope(unsigned int scope)
{
	long nr;

	if (scope == SCOPE_ANY)
		return true;
	if (current->flags & PF_KTHREAD)
		return false;
	nr = task_pt_regs(current)->orig_ax;
	if (nr == __NR_delete_module)
		return scope != SCOPE_LOAD;
	return (nr == __NR_finit_module || nr == __NR_init_module) && scope != SCOPE_UNLOAD;
}

static void pick(struct verdict *v, const struct kmodsh_hook *h, const struct kmodsh_rule *rule,
		 struct kmodsh_event *ev)
{
	if (rule) {
		ev->rule = rule->n;
		v->action = rule->action;
		v->ms = rule->ms;
		v->errnum = rule->errnum;
	} else if (ev->traced) {
		v->action = DO_HOLD;
		v->ms = KMODSH_MS;
	}
	if (v->action == DO_FAIL) {
		v->skip = h->skip;
		ev->errnum = v->errnum;
	}
	if ((v->action == DO_HOLD || v->action == DO_DELAY) && !v->holdable) {
		v->action = DO_RECORD;
		ev->why = WHY_ATOMIC;
	}
	ev->action = v->action;
}

/* One hook of the site; true when its action ends the search. */
static bool consider(const struct kmodsh_hook *h, const unsigned long *args, struct verdict *v)
{
	const struct kmodsh_rule *rule;
	struct kmodsh_event ev;

	if (!h->used || !in_scope(h->scope))
		return false;
	kmodsh_event_init(&ev, EV_HIT);
	if (!kmodsh_arguments(h->layout, h->attr, args, &ev))
		return false;
	kmodsh_event_task(&ev);
	strscpy(ev.id, h->id, sizeof(ev.id));
	ev.traced = kmodsh_is_traced();
	if (ev.module[0] && in_scope(SCOPE_MODULE))
		kmodsh_works_on(ev.module);
	kmodsh_ledger(h->layout, args, &ev);
	rule = kmodsh_rule_match(h, &ev);
	if (h->failonly ? !rule : h->quiet && !rule && !ev.traced)
		return false;
	if (!h->failonly || rule->action == DO_FAIL)
		pick(v, h, rule, &ev);
	if (h->layout == LAY_Q0 || h->layout == LAY_U0)
		ev.used = kmodsh_permits_used();
	kmodsh_emit(&ev);
	if (v->action == DO_HOLD || v->action == DO_DELAY)
		kmodsh_stop_add(&v->stop, &ev);
	return v->action > DO_RECORD;
}

static int fail(const struct verdict *v, const unsigned long *args, unsigned long *ret)
{
	if (v->skip->frees_helper) {
		struct subprocess_info *sub = (struct subprocess_info *)args[0];

		if (sub->cleanup)
			sub->cleanup(sub);
		kfree(sub);
	}
	*ret = v->skip->returns == RETURNS_NULL ? 0 : (unsigned long)-v->errnum;
	return -v->errnum;
}

/*
 * A delay is told from a hold by this function on the stack: it must not
 * become a jump.
 */
static noinline void kmodsh_delay(struct kmodsh_stop *stop, unsigned int ms)
{
	kmodsh_stop_wait(stop, ms);
	barrier();
}

/*
 * Does what the rules say for the current task at the site. Returns 0 to go
 * on, or a negative errno to skip the function, which then returns *ret.
 */
int kmodsh_point(struct kmodsh_site *site, const unsigned long *args, unsigned long *ret)
{
	struct verdict v = { .action = DO_NOTHING, .holdable = may_hold() };
	struct kmodsh_guard g;
	unsigned long was;
	int i, err = 0;

	atomic_inc(&inside);
	was = kmodsh_enter_driver();
	g = kmodsh_lock_all();
	for (i = 0; i < KMODSH_HOOKS; i++)
		if (consider(&site->hooks[i], args, &v))
			break;
	kmodsh_unlock_all(g);

	if (v.action == DO_HOLD)
		kmodsh_stop_wait(&v.stop, v.ms);
	else if (v.action == DO_DELAY)
		kmodsh_delay(&v.stop, v.ms);
	else if (v.action == DO_FAIL)
		err = fail(&v, args, ret);
	kmodsh_leave_driver(was);
	atomic_dec(&inside);
	return err;
}

/* From a stub: returns the address to go on at, or 0 to return regs->ax. */
asmlinkage unsigned long kmodsh_enter(unsigned int nr, struct kmodsh_regs *regs)
{
	struct kmodsh_site *site = &kmodsh_sites[nr];
	const unsigned long args[] = {
		regs->di, regs->si, regs->dx, regs->cx, regs->r8, regs->r9
	};
	unsigned long ret, target = READ_ONCE(site->target);

	/* Left from a breakpoint that was taken away before it was met again. */
	current->trace_recursion &= ~KMODSH_PASS;
	if (kmodsh_point(site, args, &ret)) {
		regs->ax = ret;
		return 0;
	}
	if (!site->ip)
		current->trace_recursion |= KMODSH_PASS;
	return target;
}

/* Waits until no task is in the code above. */
void kmodsh_wait_empty(void)
{
	while (atomic_read(&inside))
		msleep(1);
}
