// SPDX-License-Identifier: GPL-2.0
/*
 * The module that a task works on: what the last event of its load or unload
 * named. For functions whose arguments don't say. All under kmodsh_lock.
 */
#include <linux/hash.h>
#include <linux/string.h>

#include "kmodsh.h"

#define TASKS	1024	/* a power of two */

static struct {
	pid_t pid;
	u64 started;
	char module[MODULE_NAME_LEN];
} working[TASKS];

/* Two tasks of one slot: the later one is remembered, the other not known. */
static unsigned int slot(void)
{
	return hash_32(current->pid, ilog2(TASKS));
}

void kmodsh_works_on(const char *module)
{
	unsigned int i = slot();

	working[i].pid = current->pid;
	working[i].started = current->start_time;
	strscpy(working[i].module, module, sizeof(working[i].module));
}

const char *kmodsh_working(void)
{
	unsigned int i = slot();

	if (working[i].pid != current->pid || working[i].started != current->start_time)
		return "";
	return working[i].module;
}
