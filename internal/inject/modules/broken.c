// SPDX-License-Identifier: GPL-2.0
/* A module: its init fails. */
#include <linux/module.h>

static int __init broken_init(void)
{
	return -EIO;
}
module_init(broken_init);

static void __exit broken_exit(void)
{
}
module_exit(broken_exit);

MODULE_DESCRIPTION("kmodsh test module: its init fails");
MODULE_LICENSE("GPL");
