// SPDX-License-Identifier: GPL-2.0
/* A module: its init sleeps for a second. */
#include <linux/delay.h>
#include <linux/module.h>

static int __init slow_init(void)
{
	msleep(1000);
	return 0;
}
module_init(slow_init);

static void __exit slow_exit(void)
{
}
module_exit(slow_exit);

MODULE_DESCRIPTION("kmodsh test module: its init sleeps for a second");
MODULE_LICENSE("GPL");
