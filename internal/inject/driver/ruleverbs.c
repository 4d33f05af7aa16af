// SPDX-License-Identifier: GPL-2.0
/* The commands that set rules and take them away; kmodsh_commands is held. */
#include <linux/string.h>

#include "kmodsh.h"

static int rule_word(struct kmodsh_rule *r, char *w)
{
	static const char *const actions[] = { "", "record", "hold", "delay", "fail" };
	int err = 0, k;
	u64 num = 0;
	char *v;

	if (kmodsh_value(w, "point", &v)) {
		if (!kmodsh_is_id(v))
			return -EINVAL;
		strscpy(r->point, v, sizeof(r->point));
	} else if (kmodsh_value(w, "module", &v)) {
		return kmodsh_text(r->module, sizeof(r->module), v);
	} else if (kmodsh_value(w, "name", &v)) {
		return kmodsh_text(r->name, sizeof(r->name), v);
	} else if (kmodsh_value(w, "comm", &v)) {
		return kmodsh_text(r->comm, sizeof(r->comm), v);
	} else if (kmodsh_value(w, "pid", &v)) {
		err = kmodsh_number(v, PID_MAX_LIMIT, &num);
		r->pid = num;
	} else if (kmodsh_value(w, "req", &v)) {
		err = kmodsh_number(v, U64_MAX, &r->request);
	} else if (kmodsh_value(w, "hit", &v)) {
		err = kmodsh_number(v, U32_MAX, &num);
		r->hit = num;
	} else if (kmodsh_value(w, "ms", &v) || kmodsh_value(w, "deadline", &v)) {
		err = kmodsh_number(v, KMODSH_MS, &num);
		r->ms = num;
	} else if (kmodsh_value(w, "errno", &v)) {
		err = kmodsh_number(v, MAX_ERRNO, &num);
		r->errnum = num;
	} else if (kmodsh_value(w, "do", &v)) {
		k = match_string(actions, ARRAY_SIZE(actions), v);
		if (k < 1)
			return -EINVAL;
		r->action = k;
	} else if (!strcmp(w, "traced=1")) {
		r->traced = true;
	} else {
		return -EINVAL;
	}
	return err;
}

/* rule N point=ID [FILTER=VALUE...] do=ACTION [ms=N] [deadline=N] [errno=N] */
int kmodsh_do_rule(char **w, int n)
{
	struct kmodsh_rule r = {};
	struct kmodsh_guard g;
	u64 num;
	int i;

	if (n < 4 || kmodsh_number(w[1], KMODSH_RULES, &num) || !num)
		return -EINVAL;
	r.n = num;
	for (i = 2; i < n; i++)
		if (rule_word(&r, w[i]))
			return -EINVAL;
	if (!r.point[0] || !r.action || (r.action == DO_FAIL) != (r.errnum > 0) ||
	    (r.action == DO_DELAY && !r.ms))
		return -EINVAL;
	if (r.action == DO_HOLD && !r.ms)
		r.ms = KMODSH_MS;
	g = kmodsh_lock_all();
	kmodsh_rule_set(&r);
	kmodsh_unlock_all(g);
	return 0;
}

/* unrule N */
int kmodsh_do_unrule(char **w, int n)
{
	struct kmodsh_guard g;
	u64 num;
	int err;

	if (n != 2 || kmodsh_number(w[1], KMODSH_RULES, &num))
		return -EINVAL;
	g = kmodsh_lock_all();
	err = kmodsh_rule_clear(num);
	kmodsh_unlock_all(g);
	return err;
}
