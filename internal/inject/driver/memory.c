// SPDX-License-Identifier: GPL-2.0
/*
 * What is allocated: where each module's memory lies, and how much per-cpu
 * memory is in use, neither of which user space can see.
 */
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/version.h>

#include "kmodsh.h"

#define AREAS	4096
#define CHUNKS	65536	/* more are a broken list */

struct area {
	char name[MODULE_NAME_LEN];
	unsigned long base;
	u32 size;
};

static unsigned int put_area(struct area *to, unsigned int n, const struct module *mod,
			     const void *base, unsigned int size)
{
	if (!base || !size || n == AREAS)
		return n;
	strscpy(to[n].name, mod->name, sizeof(to[n].name));
	to[n].base = (unsigned long)base;
	to[n].size = size;
	return n + 1;
}

static unsigned int areas_of(struct area *to, unsigned int n, const struct module *mod)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 4, 0)
	int i;

	for (i = 0; i < ARRAY_SIZE(mod->mem); i++)
		n = put_area(to, n, mod, mod->mem[i].base, mod->mem[i].size);
#else
	n = put_area(to, n, mod, mod->core_layout.base, mod->core_layout.size);
	n = put_area(to, n, mod, mod->init_layout.base, mod->init_layout.size);
#endif
	return n;
}

/* Under RCU for the reason that state.c gives. */
static unsigned int collect(struct area *to)
{
	struct module *mod;
	unsigned int n = 0;

	rcu_read_lock();
	list_for_each_entry_rcu(mod, kmodsh_modules, list)
		n = areas_of(to, n, mod);
	rcu_read_unlock();
	return n;
}

/*
 * The first words of struct pcpu_chunk, mm/percpu-internal.h, which no header
 * for modules has: the same in 6.1 and 6.12.
 */
struct chunk {
#ifdef CONFIG_PERCPU_STATS
	int allocated;
	size_t largest;
#endif
	struct list_head list;
	int free_bytes;
};

/* Bytes of each processor that a chunk has given away. */
static s64 used_of(const struct chunk *chunk, s64 size)
{
	int left;

	if (get_kernel_nofault(left, &chunk->free_bytes) || left < 0 || left > size)
		return -1;
	return size - left;
}

/*
 * Per-cpu memory in use, in bytes of each processor: of the chunks in their
 * lists, and of the one that is reserved for modules (mm/percpu.c, pcpu_lock
 * guards both). -1 where it cannot be told.
 */
static s64 percpu_used(void)
{
	struct list_head **lists = (struct list_head **)kmodsh_symbol("pcpu_chunk_lists");
	struct chunk **reserved = (struct chunk **)kmodsh_symbol("pcpu_reserved_chunk");
	const int *slots = (const int *)kmodsh_symbol("pcpu_nr_slots");
	const int *size = (const int *)kmodsh_symbol("pcpu_unit_size");
	spinlock_t *lock = (spinlock_t *)kmodsh_symbol("pcpu_lock");
	struct chunk *chunk;
	unsigned int n = 0;
	unsigned long flags;
	s64 sum = 0, one;
	int i;

	if (!lists || !slots || !size || !lock)
		return -1;
	spin_lock_irqsave(lock, flags);
	for (i = 0; i < *slots && sum >= 0; i++) {
		list_for_each_entry(chunk, &(*lists)[i], list) {
			one = used_of(chunk, *size);
			if (one < 0 || ++n > CHUNKS) {
				sum = -1;
				break;
			}
			sum += one;
		}
	}
	if (sum >= 0 && reserved && *reserved) {
		one = used_of(*reserved, PERCPU_MODULE_RESERVE);
		sum = one < 0 ? -1 : sum + one;
	}
	spin_unlock_irqrestore(lock, flags);
	return sum;
}

int kmodsh_memory_tell(bool slabs)
{
	struct area *list = kvmalloc_array(AREAS, sizeof(*list), GFP_KERNEL);
	struct kmodsh_event ev;
	unsigned int i, n;
	u64 lines = 0;
	s64 used;

	if (!list)
		return -ENOMEM;
	n = collect(list);
	for (i = 0; i < n; i++) {
		kmodsh_event_init(&ev, EV_AREA);
		strscpy(ev.module, list[i].name, sizeof(ev.module));
		ev.address = list[i].base;
		ev.n = list[i].size;
		kmodsh_emit(&ev);
		lines++;
	}
	kvfree(list);
	used = percpu_used();
	if (used >= 0) {
		kmodsh_event_init(&ev, EV_COUNT);
		strscpy(ev.name, "percpu", sizeof(ev.name));
		ev.n = used;
		kmodsh_emit(&ev);
		lines++;
	}
	if (slabs)
		lines += kmodsh_slabs_tell();
	kmodsh_event_init(&ev, EV_END);
	ev.n = lines;
	kmodsh_emit(&ev);
	return 0;
}

/* Waits until what was to be freed by RCU has been. */
int kmodsh_settle(void)
{
	rcu_barrier();
	return 0;
}
