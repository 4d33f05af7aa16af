// SPDX-License-Identifier: GPL-2.0
/* A module that uses a symbol of reqbase, whose init requests it. */
#include <linux/module.h>

int reqbase_answer(void);

static int __init requser_init(void)
{
	return reqbase_answer();
}
module_init(requser_init);

static void __exit requser_exit(void)
{
}
module_exit(requser_exit);

MODULE_DESCRIPTION("kmodsh test module: uses a symbol of reqbase");
MODULE_LICENSE("GPL");
