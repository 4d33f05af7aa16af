// SPDX-License-Identifier: GPL-2.0
/*
 * Whether the usermode helper may start programs: enum umh_disable_depth of
 * include/linux/umh.h, kept in a variable of kernel/umh.c that nothing exports.
 * It is changed by the functions that kernel/power/process.c uses on the way
 * into suspend and out of it. User space itself is not frozen: who drives this
 * lives there.
 */
#include <linux/string.h>
#include <linux/umh.h>

#include "kmodsh.h"

static const char *const states[] = { "enabled", "freezing", "disabled" };

static bool changed;	/* by a session; kmodsh_commands or a request thread */

/* The present state in words, NULL when this kernel does not show it. */
const char *kmodsh_umh_state(void)
{
	unsigned int depth;

	if (!kmodsh_umh_disabled)
		return NULL;
	depth = READ_ONCE(*kmodsh_umh_disabled);
	return depth < ARRAY_SIZE(states) ? states[depth] : NULL;
}

static int set(enum umh_disable_depth depth)
{
	unsigned long fn = kmodsh_symbol("__usermodehelper_set_disable_depth");

	if (!fn)
		return -EOPNOTSUPP;
	WRITE_ONCE(changed, depth != UMH_ENABLED);
	kmodsh_call(fn, depth, 0);
	return 0;
}

int kmodsh_umh_set(const char *state)
{
	int depth = match_string(states, ARRAY_SIZE(states), state);

	return depth < 0 ? -EINVAL : set(depth);
}

/*
 * What freeze_processes() does to the helper: it is refused, its callers are
 * waited for, up to 5 s, and when all have gone it is disabled; else it is
 * enabled again and the answer is -EAGAIN (__usermodehelper_disable()).
 */
int kmodsh_umh_suspend(void)
{
	unsigned long fn = kmodsh_symbol("__usermodehelper_disable");
	int err;

	if (!fn)
		return -EOPNOTSUPP;
	WRITE_ONCE(changed, true);
	err = kmodsh_call(fn, UMH_FREEZING, 0);
	return err ? err : set(UMH_DISABLED);
}

/* What thaw_processes() does: still refused while user space would come back. */
int kmodsh_umh_resume(void)
{
	int err = set(UMH_FREEZING);

	return err ? err : set(UMH_ENABLED);
}

/* A session that ends leaves the helper as it should be. */
void kmodsh_umh_reset(void)
{
	if (READ_ONCE(changed))
		set(UMH_ENABLED);
}
