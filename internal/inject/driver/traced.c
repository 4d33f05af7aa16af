// SPDX-License-Identifier: GPL-2.0
/*
 * Traced processes stop at every hooked point. A process is known by its
 * number and the time it started, which exec and a change of the group's
 * leader keep, so a number that is used again does not inherit the trace and no
 * reference to a dead task is kept.
 */
#include <linux/hashtable.h>
#include <linux/pid.h>
#include <linux/sched/task.h>

#include "kmodsh.h"

struct traced {
	struct hlist_node node;
	pid_t tgid;
	u64 started;
};

pid_t kmodsh_owner;

static struct traced pool[KMODSH_TRACED];
static DEFINE_HASHTABLE(traced, 8);
static unsigned int next;	/* the slot to use next; the oldest goes */

static struct traced *find(pid_t tgid, u64 started)
{
	struct traced *t;

	hash_for_each_possible(traced, t, node, tgid)
		if (t->tgid == tgid && t->started == started)
			return t;
	return NULL;
}

static void add(pid_t tgid, u64 started)
{
	struct traced *t = &pool[next];

	if (find(tgid, started))
		return;
	next = (next + 1) % KMODSH_TRACED;
	if (t->tgid)
		hash_del(&t->node);
	t->tgid = tgid;
	t->started = started;
	hash_add(traced, &t->node, tgid);
}

/* The caller holds kmodsh_lock, as for kmodsh_trace_task(). */
bool kmodsh_is_traced(void)
{
	return find(current->tgid, current->group_leader->start_time);
}

int kmodsh_trace_task(struct task_struct *task)
{
	if (task->tgid == kmodsh_owner || is_global_init(task))
		return -EPERM;
	add(task->tgid, task->group_leader->start_time);
	return 0;
}

int kmodsh_trace(pid_t pid)
{
	struct task_struct *task;
	struct kmodsh_guard g;
	int err = -ESRCH;

	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task) {
		g = kmodsh_lock_all();
		err = kmodsh_trace_task(task);
		kmodsh_unlock_all(g);
	}
	rcu_read_unlock();
	return err;
}

int kmodsh_untrace(pid_t pid)
{
	struct kmodsh_guard g;
	struct traced *t;
	int err = -ENOENT;
	int i;

	g = kmodsh_lock_all();
	for (i = 0; i < KMODSH_TRACED; i++) {
		t = &pool[i];
		if (t->tgid == pid) {
			hash_del(&t->node);
			t->tgid = 0;
			err = 0;
		}
	}
	kmodsh_unlock_all(g);
	kmodsh_go(pid, WHY_GO);
	return err;
}

void kmodsh_trace_clear(void)
{
	struct kmodsh_guard g = kmodsh_lock_all();

	hash_init(traced);
	memset(pool, 0, sizeof(pool));
	next = 0;
	kmodsh_unlock_all(g);
}
