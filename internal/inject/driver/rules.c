// SPDX-License-Identifier: GPL-2.0
/* Rules: what to do with whom at which point. All under kmodsh_lock. */
#include <linux/bitmap.h>
#include <linux/string.h>

#include "kmodsh.h"

static struct kmodsh_rule rules[KMODSH_RULES + 1];	/* by number; 0 is none */
static DECLARE_BITMAP(there, KMODSH_RULES + 1);

void kmodsh_rule_set(const struct kmodsh_rule *rule)
{
	rules[rule->n] = *rule;
	__set_bit(rule->n, there);
}

int kmodsh_rule_clear(unsigned int n)
{
	return __test_and_clear_bit(n, there) ? 0 : -ENOENT;
}

void kmodsh_rules_clear(void)
{
	bitmap_zero(there, KMODSH_RULES + 1);
}

static bool same(const char *want, const char *have)
{
	return !*want || !strcmp(want, have);
}

/* Whether the hook could do it at all: a fail needs a function to skip. */
static bool can(const struct kmodsh_rule *r, const struct kmodsh_hook *h)
{
	if (r->action == DO_FAIL)
		return h->skip && h->skip->never != r->errnum &&
		       (!h->skip->only || h->skip->only == r->errnum);
	return !h->failonly;
}

/* The first rule that applies to the event at the hook. */
const struct kmodsh_rule *kmodsh_rule_match(const struct kmodsh_hook *hook,
					    const struct kmodsh_event *ev)
{
	struct kmodsh_rule *r;
	unsigned int n;

	for_each_set_bit(n, there, KMODSH_RULES + 1) {
		r = &rules[n];
		if (strcmp(r->point, ev->id) || !same(r->module, ev->module) ||
		    !same(r->name, ev->name) || !same(r->comm, ev->comm))
			continue;
		if (r->pid && r->pid != ev->pid && r->pid != ev->tgid)
			continue;
		if ((r->traced && !ev->traced) || (r->request && r->request != ev->request))
			continue;
		if (!can(r, hook))
			continue;
		if (++r->hits != r->hit && r->hit)
			continue;
		return r;
	}
	return NULL;
}
