// SPDX-License-Identifier: GPL-2.0
/*
 * The ring of events: written from any context but NMI, read by one reader.
 * What does not fit is counted; the next event that fits tells how many.
 */
#include <linux/irq_work.h>
#include <linux/ktime.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>

#include "kmodsh.h"

static DEFINE_RAW_SPINLOCK(ring_lock);
static DEFINE_MUTEX(reading);
static DECLARE_WAIT_QUEUE_HEAD(readers);

static struct kmodsh_event *ring;
static unsigned int size, first, count;
static u32 lost;
static u64 seq;
static bool waits;	/* the reader wants to be woken */

/* By an interrupt of its own: who emits may hold the scheduler's locks. */
static void wake(struct irq_work *work)
{
	wake_up_interruptible(&readers);
}

static DEFINE_IRQ_WORK(waker, wake);

int kmodsh_ring_open(unsigned int events)
{
	struct kmodsh_event *new = vmalloc(array_size(events, sizeof(*new)));
	unsigned long flags;

	if (!new)
		return -ENOMEM;
	raw_spin_lock_irqsave(&ring_lock, flags);
	ring = new;
	size = events;
	first = 0;
	count = 0;
	lost = 0;
	seq = 0;
	waits = false;
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	return 0;
}

void kmodsh_ring_close(void)
{
	struct kmodsh_event *old;
	unsigned long flags;

	raw_spin_lock_irqsave(&ring_lock, flags);
	old = ring;
	ring = NULL;
	count = 0;
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	irq_work_sync(&waker);
	vfree(old);
}

/* Gives the event its number and time, and puts it into the stream. */
void kmodsh_emit(struct kmodsh_event *ev)
{
	unsigned long was = kmodsh_enter_driver();
	bool tell = false;
	unsigned long flags;

	raw_spin_lock_irqsave(&ring_lock, flags);
	if (ring) {
		ev->seq = ++seq;
		ev->time = ktime_get_ns();
		if (count == size) {
			lost++;
		} else {
			ev->lost = lost;
			lost = 0;
			ring[(first + count) % size] = *ev;
			count++;
			tell = waits;
			waits = false;
		}
	}
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	if (tell)
		irq_work_queue(&waker);
	kmodsh_leave_driver(was);
}

/* Copies the oldest event; false when there is none. */
static bool peek(struct kmodsh_event *ev)
{
	unsigned long was = kmodsh_enter_driver();
	unsigned long flags;
	bool any;

	raw_spin_lock_irqsave(&ring_lock, flags);
	any = count > 0;
	if (!any)
		waits = true;
	else if (ev)
		*ev = ring[first];
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	kmodsh_leave_driver(was);
	return any;
}

static void drop(void)
{
	unsigned long was = kmodsh_enter_driver();
	unsigned long flags;

	raw_spin_lock_irqsave(&ring_lock, flags);
	first = (first + 1) % size;
	if (!--count)
		first = 0;	/* stay in the pages that are in use anyway */
	raw_spin_unlock_irqrestore(&ring_lock, flags);
	kmodsh_leave_driver(was);
}

bool kmodsh_ring_ready(void)
{
	return peek(NULL);
}

struct wait_queue_head *kmodsh_ring_wait(void)
{
	return &readers;
}

/* Reads whole lines. */
ssize_t kmodsh_ring_read(char __user *to, size_t room, bool wait)
{
	/* Of who holds the mutex: too large for the stack of a kernel that asks for small ones. */
	static struct kmodsh_event ev;
	static char line[KMODSH_OUT];
	ssize_t done = 0;
	int n;

	if (room < KMODSH_OUT)
		return -EINVAL;
	if (mutex_lock_interruptible(&reading))
		return -ERESTARTSYS;
	while (room - done >= KMODSH_OUT) {
		if (!peek(&ev)) {
			if (done)
				break;
			if (!wait) {
				done = -EAGAIN;
				break;
			}
			if (wait_event_interruptible(readers, kmodsh_ring_ready())) {
				done = -ERESTARTSYS;
				break;
			}
			continue;
		}
		n = kmodsh_event_print(line, sizeof(line), &ev);
		if (copy_to_user(to + done, line, n)) {
			if (!done)
				done = -EFAULT;
			break;
		}
		drop();
		done += n;
	}
	mutex_unlock(&reading);
	return done;
}
