// SPDX-License-Identifier: GPL-2.0
/* One event, filled and printed. The grammar is internal/inject/event.go. */
#include <linux/string.h>

#include "kmodsh.h"

static const char *const kinds[EV_KINDS] = {
	"hit", "stop", "left", "ret", "req", "helper", "thread", "done",
	"module", "permits", "modprobe", "umh", "area", "count",
	"stands", "end", "sync"
};

static const char *const actions[] = { NULL, "record", "hold", "delay", "fail" };
static const char *const whys[] = { NULL, "go", "deadline", "killed", "closed", "atomic" };

/* enum module_state of include/linux/module.h */
static const char *const states[] = { "live", "coming", "going", "unformed" };

const char *const kmodsh_sysfs_names[] = {
	"dir", "holders", "parameters", "uevent", "initstate", "coresize", "taint", "refcnt",
	"sections", "notes", NULL
};

void kmodsh_event_init(struct kmodsh_event *ev, enum kmodsh_kind kind)
{
	memset(ev, 0, sizeof(*ev));
	ev->kind = kind;
	ev->state = KMODSH_NO_STATE;
	ev->used = -1;
	ev->waiting = -1;
}

/* Says that it is about the current task. */
void kmodsh_event_task(struct kmodsh_event *ev)
{
	ev->pid = current->pid;
	ev->tgid = current->tgid;
	memcpy(ev->comm, current->comm, sizeof(ev->comm));
	ev->comm[sizeof(ev->comm) - 1] = 0;
}

struct line {
	char *buf;
	int len, size;
};

static void put(struct line *l, char c)
{
	if (l->len < l->size - 1)
		l->buf[l->len++] = c;
}

static __printf(2, 3) void putf(struct line *l, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	l->len += vscnprintf(l->buf + l->len, l->size - l->len, format, args);
	va_end(args);
}

/* A text from outside as one word. */
static void puts_word(struct line *l, const char *key, const char *text)
{
	const unsigned char *p;

	if (!text || !*text)
		return;
	putf(l, " %s=", key);
	for (p = (const unsigned char *)text; *p; p++) {
		if (*p > ' ' && *p < 0x7f && *p != '%' && *p != '=')
			put(l, *p);
		else
			putf(l, "%%%02x", *p);
	}
}

static void put_sysfs(struct line *l, unsigned int bits)
{
	const char *sep = " sysfs=";
	int i;

	for (i = 0; kmodsh_sysfs_names[i]; i++) {
		if (bits & (1u << i)) {
			putf(l, "%s%s", sep, kmodsh_sysfs_names[i]);
			sep = "+";
		}
	}
}

/*
 * Prints the line with its newline and returns its length. The longest one has
 * every byte of its texts as %XX and is still shorter than KMODSH_OUT.
 */
int kmodsh_event_print(char *buf, int size, const struct kmodsh_event *ev)
{
	struct line l = { buf, 0, size };
	bool numbered = ev->kind == EV_THREAD || ev->kind == EV_DONE || ev->kind == EV_END ||
			ev->kind == EV_SYNC || ev->kind == EV_AREA || ev->kind == EV_COUNT;
	bool ends = ev->kind == EV_RET || ev->kind == EV_DONE;

	putf(&l, "%llu %llu %s", ev->seq, ev->time, kinds[ev->kind]);
	puts_word(&l, ev->kind == EV_THREAD || ev->kind == EV_DONE ? "id" : "point", ev->id);
	if (ev->pid)
		putf(&l, " pid=%d tgid=%d", ev->pid, ev->tgid);
	puts_word(&l, "comm", ev->comm);
	if (ev->traced)
		putf(&l, " traced=1");
	puts_word(&l, "module", ev->module);
	if (ev->state < ARRAY_SIZE(states))
		puts_word(&l, "state", states[ev->state]);
	puts_word(&l, "name", ev->name);
	if (ev->request)
		putf(&l, " req=%llu", ev->request);
	if (ev->rule)
		putf(&l, " rule=%u", ev->rule);
	puts_word(&l, "do", actions[ev->action]);
	if (ev->errnum)
		putf(&l, " errno=%u", ev->errnum);
	puts_word(&l, "why", whys[ev->why]);
	if (ends)
		putf(&l, " ret=%lld took=%llu", ev->ret, ev->took);
	if (numbered)
		putf(&l, " n=%llu", ev->n);
	if (ev->kind == EV_AREA)
		putf(&l, " address=%llu", ev->address);
	if (ev->used >= 0)
		putf(&l, " used=%d", ev->used);
	if (ev->kind == EV_PERMITS)
		putf(&l, " limit=%d", ev->limit);
	if (ev->waiting >= 0)
		putf(&l, " waiting=%d", ev->waiting);
	if (ev->kind == EV_MODULE)
		putf(&l, " refs=%d taints=%llu", ev->refs, ev->taints);
	put_sysfs(&l, ev->sysfs);
	if (ev->lost)
		putf(&l, " lost=%u", ev->lost);
	put(&l, '\n');
	return l.len;
}
