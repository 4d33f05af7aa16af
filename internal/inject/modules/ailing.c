// SPDX-License-Identifier: GPL-2.0
/*
 * A module whose init has the kernel report trouble, on purpose: what ties
 * reports to steps has to find it.
 */
#include <linux/bug.h>
#include <linux/module.h>
#include <linux/panic.h>

static bool oops, dies;

module_param(oops, bool, 0);
MODULE_PARM_DESC(oops, "the kernel oopses");
module_param(dies, bool, 0);
MODULE_PARM_DESC(dies, "the kernel panics");

static int __init ailing_init(void)
{
	if (dies)
		panic("ailing: panics as it was asked to");
	BUG_ON(oops);
	WARN(1, "ailing: warns as it always does\n");
	return 0;
}
module_init(ailing_init);

static void __exit ailing_exit(void)
{
}
module_exit(ailing_exit);

MODULE_DESCRIPTION("kmodsh test module: has the kernel report trouble");
MODULE_LICENSE("GPL");
