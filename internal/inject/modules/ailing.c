// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose init has the kernel report trouble, on purpose: what ties
 * reports to steps has to find it. The kind is chosen by a parameter; without
 * one it warns.
 */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/panic.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static bool oops, dies, inverts, atomic, leaks;
static unsigned int hangs;

module_param(oops, bool, 0);
MODULE_PARM_DESC(oops, "the kernel oopses");
module_param(dies, bool, 0);
MODULE_PARM_DESC(dies, "the kernel panics");
module_param(inverts, bool, 0);
MODULE_PARM_DESC(inverts, "takes two locks in one order and then in the other, which lockdep reports (CONFIG_PROVE_LOCKING)");
module_param(atomic, bool, 0);
MODULE_PARM_DESC(atomic, "asks for memory that may be slept for under a spinlock (CONFIG_DEBUG_ATOMIC_SLEEP reports it)");
module_param(hangs, uint, 0);
MODULE_PARM_DESC(hangs, "sleeps that many seconds and cannot be interrupted (CONFIG_DETECT_HUNG_TASK reports it)");
module_param(leaks, bool, 0);
MODULE_PARM_DESC(leaks, "loses 3000 bytes and fails with ENOMEM (CONFIG_DEBUG_KMEMLEAK finds them)");

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_SPINLOCK(spin);

static void invert(void)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_atomic(void)
{
	spin_lock(&spin);
	kfree(kmalloc(64, GFP_KERNEL));
	spin_unlock(&spin);
}

static int __init ailing_init(void)
{
	if (dies)
		panic("ailing: panics as it was asked to");
	BUG_ON(oops);
	if (inverts)
		invert();
	if (atomic)
		sleep_atomic();
	if (hangs)
		schedule_timeout_uninterruptible(hangs * HZ);
	if (leaks && kmalloc(3000, GFP_KERNEL))
		return -ENOMEM;
	WARN(!inverts && !atomic && !hangs, "ailing: warns as it always does\n");
	return 0;
}
module_init(ailing_init);

static void __exit ailing_exit(void)
{
}
module_exit(ailing_exit);

MODULE_DESCRIPTION("kmodsh test module: has the kernel report trouble");
MODULE_LICENSE("GPL");
