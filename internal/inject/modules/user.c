// SPDX-License-Identifier: GPL-2.0
/* A module that uses two symbols of victim. */
#include <linux/module.h>

int victim_a(void);
int victim_b(void);

static int __init user_init(void)
{
	return victim_a() + victim_b() < 0 ? -EINVAL : 0;
}
module_init(user_init);

static void __exit user_exit(void)
{
}
module_exit(user_exit);

MODULE_DESCRIPTION("kmodsh test module: uses two symbols of victim");
MODULE_LICENSE("GPL");
