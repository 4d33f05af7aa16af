// SPDX-License-Identifier: GPL-2.0
/*
 * The ledger of requests: which task asks for which name, and which process
 * serves it. The tie is the struct subprocess_info, the first argument of
 * call_usermodehelper_exec() in the requester and of
 * call_usermodehelper_exec_async() in the helper's process.
 *
 * A task has at most one request open: what its helper asks for is asked for
 * by other tasks. Entries are used in turn; the oldest is forgotten.
 */
#include <linux/hashtable.h>
#include <linux/string.h>

#include "kmodsh.h"

struct request {
	struct hlist_node by_task, by_sub, by_helper;
	u64 number;
	const struct task_struct *task;	/* only compared; NULL when it has ended */
	const void *sub;
	pid_t helper;
	u64 helper_started;
	pid_t pid;			/* of task */
	bool traced, told, started;
	char name[KMODSH_NAME + 1];
};

static struct request ledger[KMODSH_LEDGER];
static DEFINE_HASHTABLE(tasks, 10);
static DEFINE_HASHTABLE(subs, 10);
static DEFINE_HASHTABLE(helpers, 10);
static u64 numbers;

static struct request *of_task(void)
{
	struct request *r;

	hash_for_each_possible(tasks, r, by_task, (unsigned long)current)
		if (r->task == current && r->pid == current->pid)
			return r;
	return NULL;
}

static struct request *of_helper(void)
{
	struct request *r;

	hash_for_each_possible(helpers, r, by_helper, current->tgid)
		if (r->helper == current->tgid &&
		    r->helper_started == current->group_leader->start_time)
			return r;
	return NULL;
}

static struct request *of_sub(const void *sub)
{
	struct request *r;

	hash_for_each_possible(subs, r, by_sub, (unsigned long)sub)
		if (r->sub == sub)
			return r;
	return NULL;
}

static void end_task(struct request *r)
{
	if (r && r->task) {
		hash_del(&r->by_task);
		r->task = NULL;
	}
}

static void end_sub(struct request *r)
{
	if (r && r->sub) {
		hash_del(&r->by_sub);
		r->sub = NULL;
	}
}

static struct request *begin(void)
{
	struct request *r = &ledger[numbers % KMODSH_LEDGER];

	end_task(of_task());
	end_task(r);
	end_sub(r);
	if (r->helper)
		hash_del(&r->by_helper);
	memset(r, 0, sizeof(*r));
	r->number = ++numbers;
	r->task = current;
	r->pid = current->pid;
	hash_add(tasks, &r->by_task, (unsigned long)current);
	return r;
}

/* The request that the current task serves, or has open; 0 none. */
u64 kmodsh_request_of(void)
{
	struct request *r = of_task();

	if (!r)
		r = of_helper();
	return r ? r->number : 0;
}

/* The current task's request has returned. */
void kmodsh_request_end(void)
{
	end_task(of_task());
}

static void tell(struct request *r, const struct kmodsh_event *at, enum kmodsh_kind kind)
{
	struct kmodsh_event ev = *at;

	ev.kind = kind;
	ev.request = r->number;
	ev.state = KMODSH_NO_STATE;
	strscpy(ev.name, r->name, sizeof(ev.name));
	kmodsh_emit(&ev);
}

/*
 * Whether a step that every request makes once says that another one has
 * begun, the beginning and the end of which were not seen.
 */
static bool is_another(const struct request *r, enum kmodsh_layout layout,
		       const struct kmodsh_event *ev)
{
	if (!r)
		return true;
	if (layout == LAY_Q0)
		return r->told;
	return (layout == LAY_U0 && r->started) || (r->told && strcmp(r->name, ev->name));
}

/* Keeps the ledger, and gives the event its request and what it knows of it. */
void kmodsh_ledger(enum kmodsh_layout layout, const unsigned long *args, struct kmodsh_event *ev)
{
	struct request *r = of_task();

	switch (layout) {
	case LAY_R0:
		r = begin();
		break;
	case LAY_Q0:
	case LAY_V1:
	case LAY_U0:
		if (is_another(r, layout, ev))
			r = begin();
		if (!r->told) {
			strscpy(r->name, ev->name, sizeof(r->name));
			r->told = true;
			tell(r, ev, EV_REQ);
		}
		if (layout != LAY_U0)
			break;
		end_sub(of_sub((void *)args[0]));
		end_sub(r);
		r->sub = (void *)args[0];
		r->traced = ev->traced;
		r->started = true;
		hash_add(subs, &r->by_sub, (unsigned long)r->sub);
		break;
	case LAY_C0:
		r = of_sub((void *)args[0]);
		if (!r)
			break;
		end_sub(r);
		r->helper = current->tgid;
		r->helper_started = current->group_leader->start_time;
		hash_add(helpers, &r->by_helper, r->helper);
		if (r->traced) {
			kmodsh_trace_task(current);
			ev->traced = true;
		}
		tell(r, ev, EV_HELPER);
		break;
	default:
		if (!r)
			r = of_helper();
	}
	if (!r)
		return;
	ev->request = r->number;
	if (!ev->name[0] && layout == LAY_P0)
		strscpy(ev->name, r->name, sizeof(ev->name));
}

void kmodsh_ledger_clear(void)
{
	struct kmodsh_guard g = kmodsh_lock_all();

	hash_init(tasks);
	hash_init(subs);
	hash_init(helpers);
	memset(ledger, 0, sizeof(ledger));
	numbers = 0;
	kmodsh_unlock_all(g);
}
