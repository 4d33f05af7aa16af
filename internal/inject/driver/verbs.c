// SPDX-License-Identifier: GPL-2.0
/* The commands, one function each; kmodsh_commands is held. */
#include <linux/string.h>

#include "kmodsh.h"

/* hook ID FUNC LAYOUT [attr=A] [in=SCOPE] [quiet=1] [failonly=1] */
static int do_hook(char **w, int n)
{
	static const char *const scopes[] = { "", "load", "unload", "module" };
	struct kmodsh_hook h = {};
	int i, k;
	char *v;

	if (n < 4 || !kmodsh_is_id(w[1]) || !kmodsh_is_symbol(w[2], KMODSH_FUNC, ":"))
		return -EINVAL;
	k = match_string(kmodsh_layouts, LAY_COUNT, w[3]);
	if (k < 0)
		return -EINVAL;
	h.layout = k;
	strscpy(h.id, w[1], sizeof(h.id));
	for (i = 4; i < n; i++) {
		if (kmodsh_value(w[i], "attr", &v)) {
			if (kmodsh_text(h.attr, sizeof(h.attr), v))
				return -EINVAL;
		} else if (kmodsh_value(w[i], "in", &v)) {
			k = match_string(scopes, ARRAY_SIZE(scopes), v);
			if (k < 1)
				return -EINVAL;
			h.scope = k;
		} else if (!strcmp(w[i], "quiet=1")) {
			h.quiet = true;
		} else if (!strcmp(w[i], "failonly=1")) {
			h.failonly = true;
		} else {
			return -EINVAL;
		}
	}
	return kmodsh_hook(&h, w[2]);
}

/* return ID FUNC LAYOUT */
static int do_return(char **w, int n)
{
	int layout;

	if (n != 4 || !kmodsh_is_id(w[1]) || !kmodsh_is_symbol(w[2], KMODSH_FUNC, ""))
		return -EINVAL;
	layout = match_string(kmodsh_layouts, LAY_COUNT, w[3]);
	return layout < 0 ? -EINVAL : kmodsh_return_hook(w[1], w[2], layout);
}

/* unhook ID */
static int do_unhook(char **w, int n)
{
	int a, b;

	if (n != 2 || !kmodsh_is_id(w[1]))
		return -EINVAL;
	a = kmodsh_unhook(w[1]);
	b = kmodsh_return_unhook(w[1]);
	return a && b ? a : 0;
}

static int pid_of(char **w, int n, u64 *pid)
{
	return n != 2 || kmodsh_number(w[1], PID_MAX_LIMIT, pid) || !*pid ? -EINVAL : 0;
}

/* trace PID */
static int do_trace(char **w, int n)
{
	u64 pid;

	return pid_of(w, n, &pid) ? -EINVAL : kmodsh_trace(pid);
}

/* untrace PID */
static int do_untrace(char **w, int n)
{
	u64 pid;

	return pid_of(w, n, &pid) ? -EINVAL : kmodsh_untrace(pid);
}

/* go PID, go all */
static int do_go(char **w, int n)
{
	u64 pid;

	if (n == 2 && !strcmp(w[1], "all")) {
		kmodsh_go(0, WHY_GO);
		return 0;
	}
	if (pid_of(w, n, &pid))
		return -EINVAL;
	return kmodsh_go(pid, WHY_GO) ? 0 : -ESRCH;
}

/* request ID MODE [name=NAME] [n=COUNT] [traced=1]; no name is the empty one */
static int do_request(char **w, int n)
{
	static const char *const modes[] = {
		"wait", "nowait", "fs", "symbol", "firmware", "suspend", "resume"
	};
	char name[KMODSH_NAME + 1] = "";
	bool traced = false;
	u64 count = 1;
	int i, mode;
	char *v;

	if (n < 3 || !kmodsh_is_id(w[1]))
		return -EINVAL;
	mode = match_string(modes, ARRAY_SIZE(modes), w[2]);
	if (mode < 0)
		return -EINVAL;
	for (i = 3; i < n; i++) {
		if (kmodsh_value(w[i], "name", &v)) {
			if (kmodsh_text(name, sizeof(name), v))
				return -EINVAL;
		} else if (kmodsh_value(w[i], "n", &v)) {
			if (kmodsh_number(v, KMODSH_THREADS, &count) || !count)
				return -EINVAL;
		} else if (!strcmp(w[i], "traced=1")) {
			traced = true;
		} else {
			return -EINVAL;
		}
	}
	return kmodsh_threads_make(w[1], name, mode, count, traced);
}

/* start ID */
static int do_start(char **w, int n)
{
	return n != 2 || !kmodsh_is_id(w[1]) ? -EINVAL : kmodsh_threads_start(w[1]);
}

/* state */
static int do_state(char **w, int n)
{
	return n != 1 ? -EINVAL : kmodsh_state_tell();
}

/* stops */
static int do_stops(char **w, int n)
{
	if (n != 1)
		return -EINVAL;
	kmodsh_stops_tell();
	return 0;
}

/* sync N */
static int do_sync(char **w, int n)
{
	struct kmodsh_event ev;

	kmodsh_event_init(&ev, EV_SYNC);
	if (n != 2 || kmodsh_number(w[1], U64_MAX, &ev.n))
		return -EINVAL;
	kmodsh_emit(&ev);
	return 0;
}

/* memory [slabs=1] */
static int do_memory(char **w, int n)
{
	if (n > 2 || (n == 2 && strcmp(w[1], "slabs=1")))
		return -EINVAL;
	return kmodsh_memory_tell(n == 2);
}

/* settle */
static int do_settle(char **w, int n)
{
	return n != 1 ? -EINVAL : kmodsh_settle();
}

/* umh STATE */
static int do_umh(char **w, int n)
{
	return n != 2 ? -EINVAL : kmodsh_umh_set(w[1]);
}

/* reset */
static int do_reset(char **w, int n)
{
	if (n != 1)
		return -EINVAL;
	kmodsh_reset();
	return 0;
}

static const struct {
	const char *name;
	int (*run)(char **word, int count);
} verbs[] = {
	{ "hook", do_hook }, { "return", do_return }, { "unhook", do_unhook },
	{ "rule", kmodsh_do_rule }, { "unrule", kmodsh_do_unrule },
	{ "trace", do_trace }, { "untrace", do_untrace }, { "go", do_go },
	{ "request", do_request }, { "start", do_start },
	{ "state", do_state }, { "stops", do_stops }, { "sync", do_sync },
	{ "memory", do_memory }, { "settle", do_settle }, { "umh", do_umh }, { "reset", do_reset },
};

int kmodsh_verb(char **word, int count)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(verbs); i++)
		if (count && !strcmp(word[0], verbs[i].name))
			return verbs[i].run(word, count);
	return -EINVAL;
}
