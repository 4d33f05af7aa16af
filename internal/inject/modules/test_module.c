// SPDX-License-Identifier: GPL-2.0
/* A module: does nothing. */
#include <linux/module.h>

static int __init test_module_init(void)
{
	return 0;
}
module_init(test_module_init);

static void __exit test_module_exit(void)
{
}
module_exit(test_module_exit);

MODULE_DESCRIPTION("kmodsh test module: does nothing");
MODULE_LICENSE("GPL");
