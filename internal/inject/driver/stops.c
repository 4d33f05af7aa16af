// SPDX-License-Identifier: GPL-2.0
/* Tasks that stand at a point until they are let go, or for a while. */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "kmodsh.h"

static LIST_HEAD(stops);	/* under kmodsh_lock, as is */
static u64 numbers;

/*
 * A delay is a stop that ends by itself: nobody is told of it, and only the
 * end of the session cuts it short.
 */
static bool is_delay(const struct kmodsh_stop *stop)
{
	return stop->ev.action == DO_DELAY;
}

/* Puts the current task on the list; the caller holds kmodsh_lock. */
void kmodsh_stop_add(struct kmodsh_stop *stop, const struct kmodsh_event *ev)
{
	stop->task = current;
	stop->number = ++numbers;
	stop->why = WHY_NONE;
	stop->ev = *ev;
	stop->ev.kind = EV_STOP;
	list_add_tail(&stop->list, &stops);
	if (!is_delay(stop))
		kmodsh_emit(&stop->ev);
}

/*
 * Sleeps until let go, at most ms, or until killed. The state the task came
 * with is not put back: where it was about to sleep on a queue, a wake-up
 * may have taken it off that queue meanwhile, so it must look at its condition
 * again, which running does.
 */
void kmodsh_stop_wait(struct kmodsh_stop *stop, unsigned int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms) + 1;
	struct kmodsh_guard g;

	for (;;) {
		set_current_state(TASK_KILLABLE);
		if (READ_ONCE(stop->why))
			break;
		if (fatal_signal_pending(current)) {
			cmpxchg(&stop->why, WHY_NONE, WHY_KILLED);
			break;
		}
		if (time_after_eq(jiffies, end)) {
			cmpxchg(&stop->why, WHY_NONE, WHY_DEADLINE);
			break;
		}
		schedule_timeout(end - jiffies);
	}
	__set_current_state(TASK_RUNNING);
	g = kmodsh_lock_all();
	list_del(&stop->list);
	stop->ev.kind = EV_LEFT;
	stop->ev.why = stop->why;
	if (!is_delay(stop))
		kmodsh_emit(&stop->ev);
	kmodsh_unlock_all(g);
}

/*
 * Lets a task go: its own number or its process's; 0 all. One at a time, with
 * the wake-up outside of the lock, which it would take the scheduler's under.
 * Only from where it stands now: it may come to its next stop meanwhile.
 */
int kmodsh_go(pid_t pid, enum kmodsh_why why)
{
	struct task_struct *task;
	struct kmodsh_stop *stop;
	struct kmodsh_guard g;
	u64 last = U64_MAX;
	int n = 0;

	for (;;) {
		task = NULL;
		g = kmodsh_lock_all();
		last = min(last, numbers);
		list_for_each_entry(stop, &stops, list) {
			if (stop->why || stop->number > last)
				continue;
			if (is_delay(stop) && why != WHY_CLOSED)
				continue;
			if (pid && pid != stop->ev.pid && pid != stop->ev.tgid)
				continue;
			WRITE_ONCE(stop->why, why);
			task = get_task_struct(stop->task);
			break;
		}
		kmodsh_unlock_all(g);
		if (!task)
			return n;
		wake_up_process(task);
		put_task_struct(task);
		n++;
	}
}

/* An event for each task that stands somewhere, and one that ends them. */
void kmodsh_stops_tell(void)
{
	struct kmodsh_event ev;
	struct kmodsh_stop *stop;
	struct kmodsh_guard g;
	u64 n = 0;

	g = kmodsh_lock_all();
	list_for_each_entry(stop, &stops, list) {
		if (stop->why || is_delay(stop))
			continue;
		ev = stop->ev;
		ev.kind = EV_STANDS;
		kmodsh_emit(&ev);
		n++;
	}
	kmodsh_event_init(&ev, EV_END);
	ev.n = n;
	kmodsh_emit(&ev);
	kmodsh_unlock_all(g);
}
