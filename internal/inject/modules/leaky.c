// SPDX-License-Identifier: GPL-2.0
/*
 * A module that loses memory with each load, on purpose: what looks for leaks
 * has to find it. The parameter leak=1 is where, so what fails later has lost.
 */
#include <linux/module.h>
#include <linux/percpu.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static int lose(const char *val, const struct kernel_param *kp)
{
	void *a = kmalloc(3000, GFP_KERNEL);
	void *b = vmalloc(PAGE_SIZE);
	void __percpu *c = __alloc_percpu(64, 8);

	return a && b && c ? 0 : -ENOMEM;
}

static const struct kernel_param_ops ops = { .set = lose };

module_param_cb(leak, &ops, NULL, 0200);
MODULE_PARM_DESC(leak, "loses 3000 bytes of a slab, a page of vmalloc and 64 bytes of per-cpu memory");

static int __init leaky_init(void)
{
	return 0;
}
module_init(leaky_init);

static void __exit leaky_exit(void)
{
}
module_exit(leaky_exit);

MODULE_DESCRIPTION("kmodsh test module: loses memory on purpose");
MODULE_LICENSE("GPL");
