/* SPDX-License-Identifier: GPL-2.0 */
/* The driver's locks, and the mark of a task that is in its code. */
#ifndef KMODSH_GUARD_H
#define KMODSH_GUARD_H

#include <linux/compiler.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

extern struct mutex kmodsh_commands;
extern raw_spinlock_t kmodsh_lock;

/*
 * A task that is in the driver's own code must not meet a hook: it could wait
 * for a lock that it holds. The mark is a bit of the task's trace_recursion,
 * which only the task itself changes and of whose lower 32 bits ftrace uses
 * fewer than 24 (include/linux/trace_recursion.h, 6.1 and 6.12).
 */
#define KMODSH_BUSY	(1UL << 29)
#define KMODSH_PASS	(1UL << 28)	/* passes its next breakpoint */

static inline bool kmodsh_busy(void)
{
	return current->trace_recursion & KMODSH_BUSY;
}

static inline unsigned long kmodsh_enter_driver(void)
{
	unsigned long was = current->trace_recursion & KMODSH_BUSY;

	current->trace_recursion |= KMODSH_BUSY;
	barrier();
	return was;
}

static inline void kmodsh_leave_driver(unsigned long was)
{
	barrier();
	if (!was)
		current->trace_recursion &= ~KMODSH_BUSY;
}

/* What goes with taking kmodsh_lock from a command. */
struct kmodsh_guard {
	unsigned long was, flags;
};

static inline struct kmodsh_guard kmodsh_lock_all(void)
	__acquires(&kmodsh_lock)
{
	struct kmodsh_guard g;

	g.was = kmodsh_enter_driver();
	raw_spin_lock_irqsave(&kmodsh_lock, g.flags);
	return g;
}

static inline void kmodsh_unlock_all(struct kmodsh_guard g)
	__releases(&kmodsh_lock)
{
	raw_spin_unlock_irqrestore(&kmodsh_lock, g.flags);
	kmodsh_leave_driver(g.was);
}

#endif
