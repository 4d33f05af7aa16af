// SPDX-License-Identifier: GPL-2.0
/*
 * Functions without an ftrace entry (lib/ is built without) are hooked by a
 * breakpoint: a kprobe whose handler sends the task to the stub. A breakpoint
 * stands on an instruction of the function itself, so the stub goes back to
 * it with a mark, by which the task passes it once.
 */
#include <linux/kprobes.h>
#include <linux/preempt.h>
#include <linux/ptrace.h>
#include <linux/slab.h>

#include "kmodsh.h"

struct breakpoint {
	struct kprobe kp;
	struct kmodsh_site *site;
};

static int hit(struct kprobe *kp, struct pt_regs *regs)
{
	struct breakpoint *b = container_of(kp, struct breakpoint, kp);

	if (current->trace_recursion & KMODSH_PASS) {
		current->trace_recursion &= ~KMODSH_PASS;
		return 0;
	}
	/* The trap itself counts as one NMI (exc_int3 of arch/x86/kernel/traps.c). */
	if ((preempt_count() & NMI_MASK) > NMI_OFFSET || kmodsh_busy())
		return 0;
	regs->ip = kmodsh_stub_of(b->site);
	return 1;
}
NOKPROBE_SYMBOL(hit);

/*
 * That it is there keeps the probe from being optimised to a jump, which would
 * not heed a changed instruction pointer (kernel/kprobes.c).
 */
static void after(struct kprobe *kp, struct pt_regs *regs, unsigned long flags)
{
}
NOKPROBE_SYMBOL(after);

int kmodsh_break(struct kmodsh_site *site)
{
	struct breakpoint *b = kzalloc(sizeof(*b), GFP_KERNEL);
	int err;

	if (!b)
		return -ENOMEM;
	b->site = site;
	b->kp.addr = (kprobe_opcode_t *)site->addr;
	b->kp.pre_handler = hit;
	b->kp.post_handler = after;
	/* The stub goes back to where the probe is put: behind an ENDBR. */
	b->kp.flags = KPROBE_FLAG_DISABLED;
	err = register_kprobe(&b->kp);
	if (err) {
		kfree(b);
		return err;
	}
	site->target = (unsigned long)b->kp.addr;
	err = enable_kprobe(&b->kp);
	if (err) {
		unregister_kprobe(&b->kp);
		kfree(b);
		return err;
	}
	site->kp = &b->kp;
	return 0;
}

void kmodsh_unbreak(struct kmodsh_site *site)
{
	struct breakpoint *b = container_of(site->kp, struct breakpoint, kp);

	unregister_kprobe(&b->kp);
	site->kp = NULL;
	kfree(b);
}
