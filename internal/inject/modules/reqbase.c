// SPDX-License-Identifier: GPL-2.0
/* A module whose init requests a module that needs it. */
#include <linux/kmod.h>
#include <linux/module.h>

int reqbase_answer(void);

int reqbase_answer(void)
{
	return 0;
}
EXPORT_SYMBOL_GPL(reqbase_answer);

static int __init reqbase_init(void)
{
	request_module("requser");
	return 0;
}
module_init(reqbase_init);

static void __exit reqbase_exit(void)
{
}
module_exit(reqbase_exit);

MODULE_DESCRIPTION("kmodsh test module: its init requests requser, which needs it");
MODULE_LICENSE("GPL");
