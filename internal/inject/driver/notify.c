// SPDX-License-Identifier: GPL-2.0
/*
 * The module notifiers, as three more points. They run in process context with
 * the chain's rwsem read-held: others pass while one is held here.
 */
#include <linux/limits.h>
#include <linux/notifier.h>

#include "kmodsh.h"

struct kmodsh_site kmodsh_notifiers[3];	/* COMING, LIVE, GOING */

static int changed(struct notifier_block *nb, unsigned long state, void *module)
{
	const unsigned long args[6] = { (unsigned long)module };
	struct kmodsh_site *s;
	unsigned long ret;

	switch (state) {
	case MODULE_STATE_COMING:
		s = &kmodsh_notifiers[0];
		break;
	case MODULE_STATE_LIVE:
		s = &kmodsh_notifiers[1];
		break;
	case MODULE_STATE_GOING:
		s = &kmodsh_notifiers[2];
		break;
	default:
		return NOTIFY_DONE;
	}
	if (module == THIS_MODULE || kmodsh_busy())
		return NOTIFY_DONE;
	return notifier_from_errno(kmodsh_point(s, args, &ret));
}

/* Last: what other notifiers make is there when a thread is held at ours. */
static struct notifier_block nb = { .notifier_call = changed, .priority = INT_MIN };

int kmodsh_notify_init(void)
{
	return register_module_notifier(&nb);
}

void kmodsh_notify_exit(void)
{
	unregister_module_notifier(&nb);
}
