// SPDX-License-Identifier: GPL-2.0
/*
 * Request threads: kernel threads that ask for a module and report what they
 * got. Those of one command stand at a barrier until they are started. Each
 * holds the module until it ends; SIGKILL ends its wait.
 */
#include <linux/fs.h>
#include <linux/kmod.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/list.h>
#include <linux/refcount.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/umh.h>
#include <linux/wait.h>

#include "kmodsh.h"

struct batch {
	struct list_head list;
	refcount_t refs;
	wait_queue_head_t barrier;
	bool open;
	enum kmodsh_mode mode;
	char id[KMODSH_ID + 1];
	char name[KMODSH_NAME + 1];
};

struct asker {
	struct list_head list;
	struct batch *batch;
	struct task_struct *task;
	unsigned int n;
	bool killed;
};

static DEFINE_MUTEX(lists);
static LIST_HEAD(batches);
static LIST_HEAD(askers);	/* whose threads have not ended */
static unsigned int running;

static void put_batch(struct batch *b)
{
	if (refcount_dec_and_test(&b->refs))
		kfree(b);
}

/* symbol_request() of a name that is known only now (include/linux/module.h). */
static long ask_symbol(const char *name)
{
	if (!__symbol_get(name)) {
		request_module("symbol:%s", name);
		if (!__symbol_get(name))
			return -ENOENT;
	}
	__symbol_put(name);
	return 0;
}

static long ask(const struct batch *b)
{
	struct file_system_type *fs;
	int err;

	switch (b->mode) {
	case MODE_WAIT:
		return request_module("%s", b->name);
	case MODE_NOWAIT:
		return request_module_nowait("%s", b->name);
	case MODE_FS:
		fs = get_fs_type(b->name);
		if (!fs)
			return -ENOENT;
		module_put(fs->owner);
		return 0;
	case MODE_SYMBOL:
		return ask_symbol(b->name);
	case MODE_FIRMWARE:
		err = usermodehelper_read_trylock();
		if (!err)
			usermodehelper_read_unlock();
		return err;
	case MODE_SUSPEND:
		return kmodsh_umh_suspend();
	case MODE_RESUME:
		return kmodsh_umh_resume();
	}
	return -EINVAL;
}

static void report(struct asker *a, enum kmodsh_kind kind, long ret, u64 took)
{
	struct kmodsh_event ev;

	kmodsh_event_init(&ev, kind);
	ev.pid = a->task->pid;
	ev.tgid = a->task->tgid;
	memcpy(ev.comm, a->task->comm, sizeof(ev.comm));
	ev.comm[sizeof(ev.comm) - 1] = 0;
	strscpy(ev.id, a->batch->id, sizeof(ev.id));
	strscpy(ev.name, a->batch->name, sizeof(ev.name));
	ev.n = a->n;
	ev.ret = ret;
	ev.took = took;
	kmodsh_emit(&ev);
}

static int asker_main(void *data)
{
	struct asker *a = data;
	struct batch *b = a->batch;
	long ret = -ERESTARTSYS;
	u64 began = 0;

	/* A signal before this is lost on a kernel thread; killed is not. */
	allow_signal(SIGKILL);
	/* Pending, as one that a process would catch; nothing heeds it. */
	allow_signal(SIGTERM);
	if (!READ_ONCE(a->killed) && !wait_event_killable(b->barrier, READ_ONCE(b->open))) {
		began = ktime_get_ns();
		ret = ask(b);
	}
	report(a, EV_DONE, ret, began ? ktime_get_ns() - began : 0);
	mutex_lock(&lists);
	list_del(&a->list);
	running--;
	mutex_unlock(&lists);
	put_task_struct(a->task);
	put_batch(b);
	kfree(a);
	module_put_and_kthread_exit(0);
}

/* Makes one thread; lists is held. */
static int make(struct batch *b, unsigned int n, bool traced)
{
	struct asker *a = kzalloc(sizeof(*a), GFP_KERNEL);
	struct task_struct *task;
	struct kmodsh_guard g;

	if (!a)
		return -ENOMEM;
	a->batch = b;
	a->n = n;
	task = kthread_create(asker_main, a, "req/%.8s", b->id);
	if (IS_ERR(task)) {
		kfree(a);
		return PTR_ERR(task);
	}
	a->task = get_task_struct(task);
	refcount_inc(&b->refs);
	__module_get(THIS_MODULE);
	list_add_tail(&a->list, &askers);
	running++;
	if (traced) {
		g = kmodsh_lock_all();
		kmodsh_trace_task(task);
		kmodsh_unlock_all(g);
	}
	report(a, EV_THREAD, 0, 0);
	wake_up_process(task);
	return 0;
}

static struct batch *find(const char *id)
{
	struct batch *b;

	list_for_each_entry(b, &batches, list)
		if (!strcmp(b->id, id))
			return b;
	return NULL;
}

/* Opens the barrier, which ends the batch's name; lists is held. */
static void open_barrier(struct batch *b)
{
	list_del(&b->list);
	WRITE_ONCE(b->open, true);
	wake_up_all(&b->barrier);
	put_batch(b);
}

static void kill_askers(const struct batch *b)
{
	struct asker *a;

	list_for_each_entry(a, &askers, list)
		if (!b || a->batch == b) {
			WRITE_ONCE(a->killed, true);
			send_sig(SIGKILL, a->task, 1);
		}
}

int kmodsh_threads_make(const char *id, const char *name, enum kmodsh_mode mode,
			unsigned int count, bool traced)
{
	struct batch *b;
	unsigned int n;
	int err = 0;

	b = kzalloc(sizeof(*b), GFP_KERNEL);
	if (!b)
		return -ENOMEM;
	refcount_set(&b->refs, 1);
	init_waitqueue_head(&b->barrier);
	b->mode = mode;
	strscpy(b->id, id, sizeof(b->id));
	strscpy(b->name, name, sizeof(b->name));

	mutex_lock(&lists);
	if (find(id))
		err = -EEXIST;
	else if (running + count > 2 * KMODSH_THREADS)
		err = -ENOSPC;
	if (err) {
		put_batch(b);
		goto out;
	}
	list_add_tail(&b->list, &batches);
	for (n = 1; n <= count && !err; n++)
		err = make(b, n, traced);
	if (err) {
		kill_askers(b);
		list_del(&b->list);
		put_batch(b);
	}
out:
	mutex_unlock(&lists);
	return err;
}

int kmodsh_threads_start(const char *id)
{
	struct batch *b;
	int err = -ENOENT;

	mutex_lock(&lists);
	b = find(id);
	if (b) {
		open_barrier(b);
		err = 0;
	}
	mutex_unlock(&lists);
	return err;
}

/* Ends all request threads; they go by themselves. */
void kmodsh_threads_kill(void)
{
	struct batch *b, *next;

	mutex_lock(&lists);
	kill_askers(NULL);
	list_for_each_entry_safe(b, next, &batches, list) {
		list_del(&b->list);
		put_batch(b);
	}
	mutex_unlock(&lists);
}
