// SPDX-License-Identifier: GPL-2.0
/* A module whose load takes as long, and ends, as its parameters say. */
#include <linux/delay.h>
#include <linux/module.h>

static char *s = "";
module_param(s, charp, 0444);
MODULE_PARM_DESC(s, "a string, which the kernel allocates");

static int n;
module_param(n, int, 0444);
MODULE_PARM_DESC(n, "a number");

static int init_ms;
module_param(init_ms, int, 0444);
MODULE_PARM_DESC(init_ms, "how long init sleeps, milliseconds");

static int init_ret;
module_param(init_ret, int, 0444);
MODULE_PARM_DESC(init_ret, "what init returns");

static int exit_ms;
module_param(exit_ms, int, 0444);
MODULE_PARM_DESC(exit_ms, "how long exit sleeps, milliseconds");

int victim_a(void);
int victim_b(void);

int victim_a(void)
{
	return n;
}
EXPORT_SYMBOL_GPL(victim_a);

int victim_b(void)
{
	return init_ms;
}
EXPORT_SYMBOL_GPL(victim_b);

/* By a timer that is never late: those of msleep() are, by up to an eighth. */
static noinline void kmodsh_sleep(int ms)
{
	usleep_range(ms * 1000UL, ms * 1000UL + 100);
	barrier(); /* or the call is a jump, and nobody sees who sleeps */
}

static int __init victim_init(void)
{
	if (init_ms > 0)
		kmodsh_sleep(init_ms);
	return init_ret;
}
module_init(victim_init);

static void __exit victim_exit(void)
{
	if (exit_ms > 0)
		kmodsh_sleep(exit_ms);
}
module_exit(victim_exit);

MODULE_DESCRIPTION("kmodsh test module: does as its parameters say");
MODULE_LICENSE("GPL");
