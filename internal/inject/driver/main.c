// SPDX-License-Identifier: GPL-2.0
/* The module itself: what it sets up, in which order, and how it goes. */
#include "kmodsh.h"

DEFINE_MUTEX(kmodsh_commands);
DEFINE_RAW_SPINLOCK(kmodsh_lock);

unsigned int kmodsh_ring_size = 65536;
module_param_named(ring, kmodsh_ring_size, uint, 0400);
MODULE_PARM_DESC(ring, "events that wait for a slow reader, 256 to 1048576");

/*
 * Ends everything a session began, in the order that leaves nobody held: no
 * new stops, everybody goes, and only then are the hooks taken away.
 */
void kmodsh_reset(void)
{
	struct kmodsh_guard g;

	g = kmodsh_lock_all();
	kmodsh_rules_clear();
	kmodsh_unlock_all(g);
	kmodsh_trace_clear();
	kmodsh_threads_kill();
	kmodsh_umh_reset();
	kmodsh_go(0, WHY_CLOSED);
	kmodsh_unhook_all();
	kmodsh_returns_clear();
	kmodsh_ledger_clear();
}

/*
 * Nothing is hooked while the device is closed, and the device cannot be open
 * when the module goes. kmodsh_reset() has then waited for every task to be
 * out of the stubs, and each request thread holds the module.
 */
static int __init kmodsh_init(void)
{
	int err;

	if (kmodsh_ring_size < 256 || kmodsh_ring_size > 1048576)
		return -EINVAL;
	err = kmodsh_symbols_init();
	if (err)
		return err;
	err = kmodsh_notify_init();
	if (err)
		return err;
	err = kmodsh_device_init();
	if (err)
		kmodsh_notify_exit();
	return err;
}

static void __exit kmodsh_exit(void)
{
	kmodsh_device_exit();
	kmodsh_notify_exit();
}

module_init(kmodsh_init);
module_exit(kmodsh_exit);

MODULE_DESCRIPTION("stops, delays and fails the module loader at named points");
MODULE_AUTHOR("the kmodsh authors");
MODULE_LICENSE("GPL");
