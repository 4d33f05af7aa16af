// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose init leaves work to an async worker, which itself requests a
 * module and waits for it: what the kernel warns of.
 */
#include <linux/async.h>
#include <linux/kmod.h>
#include <linux/module.h>

static void ask(void *data, async_cookie_t cookie)
{
	request_module("crc16");
}

static int __init asyncreq_init(void)
{
	async_schedule(ask, NULL);
	return 0;
}
module_init(asyncreq_init);

static void __exit asyncreq_exit(void)
{
	async_synchronize_full();
}
module_exit(asyncreq_exit);

MODULE_DESCRIPTION("kmodsh test module: its asynchronous work requests crc16");
MODULE_LICENSE("GPL");
