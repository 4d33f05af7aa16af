// SPDX-License-Identifier: GPL-2.0
/*
 * Hooks: which function's entry leads to which stub. All ftrace entries share
 * one ftrace_ops, whose filter grows and shrinks: taking one entry out costs
 * no grace period. A site, once bound to a function, stays bound until
 * everything is unhooked, so a task in its stub always finds it.
 */
#include <linux/ftrace.h>
#include <linux/hash.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "kmodsh.h"

struct kmodsh_site kmodsh_sites[KMODSH_STUBS];

/* Sites by the address of their ftrace entry; only grows while ops is on. */
static struct kmodsh_site *by_ip[4 * KMODSH_STUBS];
static unsigned int filtered;	/* entries in the filter of ops */

static unsigned int slot_of(unsigned long ip)
{
	return hash_long(ip, ilog2(ARRAY_SIZE(by_ip)));
}

static struct kmodsh_site *site_at(unsigned long ip)
{
	unsigned int i = slot_of(ip);
	struct kmodsh_site *s;

	for (;;) {
		s = READ_ONCE(by_ip[i]);
		if (!s || s->ip == ip)
			return s;
		i = (i + 1) % ARRAY_SIZE(by_ip);
	}
}

unsigned long kmodsh_stub_of(const struct kmodsh_site *site)
{
	return kmodsh_stubs[site - kmodsh_sites];
}

/* Sends the entry's caller to the stub, as live patching does. */
static void notrace entry(unsigned long ip, unsigned long parent, struct ftrace_ops *ops,
			  struct ftrace_regs *fregs)
{
	struct pt_regs *regs = ftrace_get_regs(fregs);
	struct kmodsh_site *s;

	if (!regs || in_nmi() || kmodsh_busy())
		return;
	s = site_at(ip);
	if (s)
		regs->ip = kmodsh_stub_of(s);
}

static struct ftrace_ops ops = {
	.func = entry,
	.flags = FTRACE_OPS_FL_SAVE_REGS | FTRACE_OPS_FL_IPMODIFY,
};

/* An empty filter would mean every function of the kernel. */
static int filter_in(unsigned long ip)
{
	int err = ftrace_set_filter_ip(&ops, ip, 0, 0);

	if (err || filtered++)
		return err;
	err = register_ftrace_function(&ops);
	if (err) {
		filtered--;
		ftrace_set_filter_ip(&ops, ip, 1, 0);
	}
	return err;
}

static void filter_out(unsigned long ip)
{
	if (!--filtered)
		unregister_ftrace_function(&ops);
	ftrace_set_filter_ip(&ops, ip, 1, 0);
}

static bool in_use(const struct kmodsh_site *s)
{
	int i;

	for (i = 0; i < KMODSH_HOOKS; i++)
		if (s->hooks[i].used)
			return true;
	return false;
}

static struct kmodsh_site *bind_site(const char *func, unsigned long addr)
{
	struct kmodsh_site *s, *unbound = NULL;
	unsigned int i;

	for (s = kmodsh_sites; s < kmodsh_sites + KMODSH_STUBS; s++) {
		if (s->bound && s->addr == addr)
			return s;
		if (!s->bound && !unbound)
			unbound = s;
	}
	s = unbound;
	if (!s)
		return NULL;
	strscpy(s->func, func, sizeof(s->func));
	s->addr = addr;
	s->ip = kmodsh_ftrace_location(addr);
	if (s->ip) {
		s->target = s->ip + MCOUNT_INSN_SIZE;
		for (i = slot_of(s->ip); by_ip[i]; i = (i + 1) % ARRAY_SIZE(by_ip))
			;
		WRITE_ONCE(by_ip[i], s);
	}
	s->bound = true;
	return s;
}

static struct kmodsh_site *notifier_site(const char *func)
{
	static const char *const names[] = { "notifier:COMING", "notifier:LIVE", "notifier:GOING" };
	int i = match_string(names, ARRAY_SIZE(names), func);

	return i < 0 ? NULL : &kmodsh_notifiers[i];
}

static int attach(struct kmodsh_site *s)
{
	if (s->ip)
		return filter_in(s->ip);
	return kmodsh_break(s);
}

static void detach(struct kmodsh_site *s)
{
	if (s->ip)
		filter_out(s->ip);
	else
		kmodsh_unbreak(s);
}

static bool is_notifier(const struct kmodsh_site *s)
{
	return s >= kmodsh_notifiers && s < kmodsh_notifiers + ARRAY_SIZE(kmodsh_notifiers);
}

int kmodsh_hook(const struct kmodsh_hook *hook, const char *func)
{
	struct kmodsh_site *s = notifier_site(func);
	struct kmodsh_guard g;
	unsigned long addr;
	int i, err;

	if (!s) {
		addr = kmodsh_symbol(func);
		if (!addr)
			return -ENOENT;
		if (kmodsh_denied(func, addr))
			return -EPERM;
		s = bind_site(func, addr);
		if (!s)
			return -ENOSPC;
	}
	for (i = 0; i < KMODSH_HOOKS && s->hooks[i].used; i++)
		if (!strcmp(s->hooks[i].id, hook->id) && !strcmp(s->hooks[i].attr, hook->attr))
			return -EEXIST;
	for (i = 0; i < KMODSH_HOOKS && s->hooks[i].used; i++)
		;
	if (i == KMODSH_HOOKS)
		return -ENOSPC;
	if (!in_use(s) && !is_notifier(s)) {
		err = attach(s);
		if (err)
			return err;
	}
	g = kmodsh_lock_all();
	s->hooks[i] = *hook;
	s->hooks[i].skip = kmodsh_may_skip(func);
	s->hooks[i].used = true;
	kmodsh_unlock_all(g);
	return 0;
}

/* Takes away the hooks of an ID, or all for NULL. */
static bool unhook_site(struct kmodsh_site *s, const char *id)
{
	struct kmodsh_guard g;
	bool found = false;
	int i;

	g = kmodsh_lock_all();
	for (i = 0; i < KMODSH_HOOKS; i++) {
		if (s->hooks[i].used && (!id || !strcmp(s->hooks[i].id, id))) {
			s->hooks[i].used = false;
			found = true;
		}
	}
	kmodsh_unlock_all(g);
	if (found && !is_notifier(s) && !in_use(s))
		detach(s);
	return found;
}

int kmodsh_unhook(const char *id)
{
	bool found = false;
	int i;

	for (i = 0; i < KMODSH_STUBS; i++)
		if (kmodsh_sites[i].bound)
			found |= unhook_site(&kmodsh_sites[i], id);
	for (i = 0; i < ARRAY_SIZE(kmodsh_notifiers); i++)
		found |= unhook_site(&kmodsh_notifiers[i], id);
	return found ? 0 : -ENOENT;
}

/*
 * Takes all hooks away and returns when no task is in a stub. Whoever is held
 * must have been let go before, and must not be held again.
 *
 * Between ftrace's trampoline and kmodsh_enter()'s count, and between that and
 * the function's body, a task is in a stub without being counted; it does not
 * sleep there. So: no new ones (filter), a grace period for those on their way
 * in, none counted, a grace period for those on their way out.
 */
void kmodsh_unhook_all(void)
{
	int i;

	kmodsh_unhook(NULL);
	synchronize_rcu_tasks();
	kmodsh_wait_empty();
	synchronize_rcu_tasks();
	memset(by_ip, 0, sizeof(by_ip));
	for (i = 0; i < KMODSH_STUBS; i++)
		memset(&kmodsh_sites[i], 0, sizeof(kmodsh_sites[i]));
}
