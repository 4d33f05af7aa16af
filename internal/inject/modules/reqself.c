// SPDX-License-Identifier: GPL-2.0
/* A module whose init requests the module itself: modprobe waits for it. */
#include <linux/kmod.h>
#include <linux/module.h>

static int __init reqself_init(void)
{
	request_module("reqself");
	return 0;
}
module_init(reqself_init);

static void __exit reqself_exit(void)
{
}
module_exit(reqself_exit);

MODULE_DESCRIPTION("kmodsh test module: its init requests the module itself");
MODULE_LICENSE("GPL");
