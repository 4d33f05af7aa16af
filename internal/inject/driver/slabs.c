// SPDX-License-Identifier: GPL-2.0
/*
 * How many objects of each size are allocated.
 *
 * /proc/slabinfo counts all objects of a slab that a processor works with as
 * in use. So a cache is first shrunk, which takes its slabs from the
 * processors, and looked at in the same breath; the smallest of some tries is
 * what was in use while nobody else took from it.
 */
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/version.h>

#include "kmodsh.h"

#define TRIES	4

/* The first word of struct slabinfo (mm/slab.h) and room for the rest. */
struct info {
	unsigned long active;
	unsigned long rest[15];
};

static unsigned long get_slabinfo_fn;

static s64 in_use(struct kmem_cache *cache)
{
	s64 least = S64_MAX;
	struct info info;
	int i;

	for (i = 0; i < TRIES; i++) {
		memset(&info, 0, sizeof(info));
		kmem_cache_shrink(cache);
		kmodsh_call(get_slabinfo_fn, (unsigned long)cache, (unsigned long)&info);
		least = min_t(s64, least, info.active);
	}
	return least;
}

static u64 tell(const char *name, s64 n)
{
	struct kmodsh_event ev;

	kmodsh_event_init(&ev, EV_COUNT);
	strscpy(ev.name, name, sizeof(ev.name));
	ev.n = n;
	kmodsh_emit(&ev);
	return 1;
}

/* The caches of kmalloc() by index: 1 and 2 are of 96 and 192 bytes. */
static u64 tell_sizes(const char *what, struct kmem_cache *(*caches)[KMALLOC_SHIFT_HIGH + 1],
		      unsigned int types)
{
	unsigned int i, t;
	char name[32];
	u64 lines = 0;
	s64 n;

	for (i = 1; i <= KMALLOC_SHIFT_HIGH; i++) {
		n = 0;
		for (t = 0; t < types; t++)
			if (caches[t][i])
				n += in_use(caches[t][i]);
		snprintf(name, sizeof(name), "slab %s-%u", what, i == 1 ? 96 : i == 2 ? 192 : 1u << i);
		if (caches[0][i])
			lines += tell(name, n);
	}
	return lines;
}

static u64 tell_cache(const char *symbol)
{
	struct kmem_cache **cache = (struct kmem_cache **)kmodsh_symbol(symbol);
	char name[64];

	if (!cache || !*cache)
		return 0;
	snprintf(name, sizeof(name), "slab %s", symbol);
	return tell(name, in_use(*cache));
}

/* Tells the counts and how many lines they are. */
u64 kmodsh_slabs_tell(void)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 6, 0)
	unsigned int types = KMALLOC_RANDOM_END - KMALLOC_NORMAL + 1;
#else
	unsigned int types = 1;
#endif
	u64 lines = 0;

	get_slabinfo_fn = kmodsh_symbol("get_slabinfo");
	if (!get_slabinfo_fn)
		return 0;
	lines += tell_sizes("kmalloc", kmalloc_caches, types);
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
	{
		kmem_buckets **user = (kmem_buckets **)kmodsh_symbol("user_buckets");

		if (user && *user)
			lines += tell_sizes("memdup_user", *user, 1);
	}
#endif
	return lines + tell_cache("kernfs_node_cache");
}
