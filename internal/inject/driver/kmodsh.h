/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kmodsh_driver: stops, delays and fails threads of the module loader at named
 * points, starts requests, and tells what happens.
 *
 * Locks, outermost first: kmodsh_commands (a mutex: one command at a time, all
 * that sleeps), kmodsh_lock (rules, traced tasks, requests, stops), the ring's.
 * The last two are raw spinlocks taken with interrupts off, and nothing that
 * could itself be hooked and held runs under them.
 */
#ifndef KMODSH_H
#define KMODSH_H

#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/types.h>

#include "guard.h"
#include "limits.h"

/* events.c, ring.c */
enum kmodsh_kind {
	EV_HIT, EV_STOP, EV_LEFT, EV_RET, EV_REQ, EV_HELPER, EV_THREAD, EV_DONE,
	EV_MODULE, EV_PERMITS, EV_MODPROBE, EV_UMH, EV_AREA, EV_COUNT,
	EV_STANDS, EV_END, EV_SYNC, EV_KINDS
};

enum kmodsh_do { DO_NOTHING, DO_RECORD, DO_HOLD, DO_DELAY, DO_FAIL };
enum kmodsh_why { WHY_NONE, WHY_GO, WHY_DEADLINE, WHY_KILLED, WHY_CLOSED, WHY_ATOMIC };

#define KMODSH_NO_STATE	0xff

struct kmodsh_event {
	u64 seq, time;
	u64 request, n, took, taints, address;
	s64 ret;
	s32 pid, tgid, refs;
	s32 used, limit, waiting;	/* permits; -1 not told */
	u32 lost;
	u16 sysfs;			/* bits of kmodsh_sysfs_names */
	u16 errnum;
	u8 kind, state, action, why, rule, traced;
	char id[KMODSH_ID + 1];
	char comm[TASK_COMM_LEN];
	char module[MODULE_NAME_LEN];
	char name[KMODSH_NAME + 1];
};

extern const char *const kmodsh_sysfs_names[];

void kmodsh_event_init(struct kmodsh_event *ev, enum kmodsh_kind kind);
void kmodsh_event_task(struct kmodsh_event *ev);
int kmodsh_event_print(char *buf, int size, const struct kmodsh_event *ev);

int kmodsh_ring_open(unsigned int size);
void kmodsh_ring_close(void);
void kmodsh_emit(struct kmodsh_event *ev);
ssize_t kmodsh_ring_read(char __user *to, size_t count, bool wait);
bool kmodsh_ring_ready(void);
struct wait_queue_head *kmodsh_ring_wait(void);

/* symbols.c */
int kmodsh_symbols_init(void);
unsigned long kmodsh_symbol(const char *name);
unsigned long kmodsh_ftrace_location(unsigned long addr);
struct module *kmodsh_module_at(unsigned long addr);
int kmodsh_permits_used(void);
int kmodsh_permits_waiting(void);
extern struct list_head *kmodsh_modules;
extern struct kset *kmodsh_module_kset;
extern const char *kmodsh_modprobe_path;
extern void *kmodsh_permits;
extern const int *kmodsh_umh_disabled;
unsigned long kmodsh_call(unsigned long fn, unsigned long a, unsigned long b);	/* stubs.S */

/* arguments.c: where a function's arguments hold what it is about */
enum kmodsh_layout {
	LAY_NONE, LAY_M0, LAY_S0, LAY_S1, LAY_R0, LAY_Q0, LAY_P0, LAY_V1, LAY_U0, LAY_C0, LAY_E0,
	LAY_K0, LAY_H1, LAY_F0, LAY_X0, LAY_Y0, LAY_D0, LAY_I0, LAY_N2, LAY_T0,
	LAY_COUNT
};

extern const char *const kmodsh_layouts[LAY_COUNT];
bool kmodsh_arguments(enum kmodsh_layout layout, const char *attr, const unsigned long *args,
		      struct kmodsh_event *ev);

/* deny.c */
enum kmodsh_returns { RETURNS_ERRNO, RETURNS_NULL };

struct kmodsh_skip {
	const char *func;
	enum kmodsh_returns returns;
	bool frees_helper;	/* owns its struct subprocess_info */
	int never;		/* an errno the callers take otherwise */
	int only;		/* the errno the callers make of it */
};

bool kmodsh_denied(const char *func, unsigned long addr);
const struct kmodsh_skip *kmodsh_may_skip(const char *func);

/* hooks.c, breakpoints.c */
enum kmodsh_scope { SCOPE_ANY, SCOPE_LOAD, SCOPE_UNLOAD, SCOPE_MODULE };

struct kmodsh_hook {
	bool used, quiet, failonly;
	u8 layout, scope;
	const struct kmodsh_skip *skip;	/* NULL: never fails */
	char id[KMODSH_ID + 1];
	char attr[MODULE_NAME_LEN];
};

struct kprobe;

struct kmodsh_site {
	bool bound;
	unsigned long addr;	/* of the function */
	unsigned long ip;	/* of its ftrace entry, 0 for a breakpoint */
	unsigned long target;	/* where its stub goes on */
	struct kprobe *kp;
	char func[KMODSH_FUNC + 1];
	struct kmodsh_hook hooks[KMODSH_HOOKS];
};

extern struct kmodsh_site kmodsh_sites[KMODSH_STUBS];
extern struct kmodsh_site kmodsh_notifiers[3];
extern const unsigned long kmodsh_stubs[KMODSH_STUBS];	/* stubs.S */

int kmodsh_hook(const struct kmodsh_hook *hook, const char *func);
int kmodsh_unhook(const char *id);
void kmodsh_unhook_all(void);
unsigned long kmodsh_stub_of(const struct kmodsh_site *site);
int kmodsh_break(struct kmodsh_site *site);
void kmodsh_unbreak(struct kmodsh_site *site);

/* enter.c */
struct kmodsh_regs {
	unsigned long r11, r10, ax, r9, r8, cx, dx, si, di;	/* as stubs.S pushes them */
};

asmlinkage unsigned long kmodsh_enter(unsigned int nr, struct kmodsh_regs *regs);
int kmodsh_point(struct kmodsh_site *site, const unsigned long *args, unsigned long *ret);
void kmodsh_wait_empty(void);

/* rules.c; callers hold kmodsh_lock */
struct kmodsh_rule {
	u8 n, action;
	bool traced;
	u16 errnum;
	s32 pid;
	u32 ms, hit, hits;
	u64 request;
	char point[KMODSH_ID + 1];
	char module[MODULE_NAME_LEN];
	char comm[TASK_COMM_LEN];
	char name[KMODSH_NAME + 1];
};

void kmodsh_rule_set(const struct kmodsh_rule *rule);
int kmodsh_rule_clear(unsigned int n);
void kmodsh_rules_clear(void);
const struct kmodsh_rule *kmodsh_rule_match(const struct kmodsh_hook *hook,
					    const struct kmodsh_event *ev);

/* stops.c */
struct kmodsh_stop {
	struct list_head list;
	struct task_struct *task;
	u64 number;
	u8 why;
	struct kmodsh_event ev;
};

void kmodsh_stop_add(struct kmodsh_stop *stop, const struct kmodsh_event *ev);
void kmodsh_stop_wait(struct kmodsh_stop *stop, unsigned int ms);
int kmodsh_go(pid_t pid, enum kmodsh_why why);
void kmodsh_stops_tell(void);

/* traced.c */
int kmodsh_trace(pid_t pid);
int kmodsh_untrace(pid_t pid);
int kmodsh_trace_task(struct task_struct *task);
bool kmodsh_is_traced(void);
void kmodsh_trace_clear(void);
extern pid_t kmodsh_owner;	/* the process that opened the device is never held */

/* requests.c; callers hold kmodsh_lock */
void kmodsh_ledger(enum kmodsh_layout layout, const unsigned long *args, struct kmodsh_event *ev);
u64 kmodsh_request_of(void);
void kmodsh_request_end(void);
void kmodsh_ledger_clear(void);

/* working.c; callers hold kmodsh_lock */
void kmodsh_works_on(const char *module);
const char *kmodsh_working(void);

/* threads.c */
enum kmodsh_mode {
	MODE_WAIT, MODE_NOWAIT, MODE_FS, MODE_SYMBOL, MODE_FIRMWARE, MODE_SUSPEND, MODE_RESUME
};

int kmodsh_threads_make(const char *id, const char *name, enum kmodsh_mode mode,
			unsigned int count, bool traced);
int kmodsh_threads_start(const char *id);
void kmodsh_threads_kill(void);

/* returns.c */
int kmodsh_return_hook(const char *id, const char *func, enum kmodsh_layout layout);
int kmodsh_return_unhook(const char *id);
void kmodsh_returns_clear(void);

/* notify.c */
int kmodsh_notify_init(void);
void kmodsh_notify_exit(void);

/* memory.c, slabs.c */
int kmodsh_memory_tell(bool slabs);
u64 kmodsh_slabs_tell(void);
int kmodsh_settle(void);

/* umh.c */
const char *kmodsh_umh_state(void);
int kmodsh_umh_set(const char *state);
int kmodsh_umh_suspend(void);
int kmodsh_umh_resume(void);
void kmodsh_umh_reset(void);

/* state.c */
int kmodsh_state_tell(void);

/* command.c, verbs.c, ruleverbs.c */
#define KMODSH_WORDS	16

int kmodsh_command(char *line);
int kmodsh_verb(char **word, int count);
int kmodsh_text(char *to, size_t size, char *from);
int kmodsh_number(const char *word, u64 max, u64 *n);
int kmodsh_do_rule(char **word, int count);
int kmodsh_do_unrule(char **word, int count);
bool kmodsh_is_id(const char *s);
bool kmodsh_value(char *word, const char *key, char **v);
bool kmodsh_is_symbol(const char *s, size_t max, const char *extra);

/* main.c */
void kmodsh_reset(void);

/* device.c */
int kmodsh_device_init(void);
void kmodsh_device_exit(void);
extern unsigned int kmodsh_ring_size;

#endif
