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
	request_module("asyncreq");
}

static int __init asyncself_init(void)
{
	async_schedule(ask, NULL);
	return 0;
}
module_init(asyncself_init);

static void __exit asyncself_exit(void)
{
	async_synchronize_full();
}
module_exit(asyncself_exit);

MODULE_DESCRIPTION("kmodsh test module: its asynchronous work requests asyncreq");
MODULE_LICENSE("GPL");
