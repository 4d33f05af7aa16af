package inject

import "example.org/kmodsh/internal/trace"

// The IDs of hooks that are no rows of the table of points.
const (
	// Child is the birth of a helper's process, which ties it to its request
	// (LayoutChild). A freshly traced helper stops there first.
	Child = "child"
	// Exec is the helper's process about to execute modprobe; it may be failed.
	Exec = "exec"
	// Loading is where a load waits for another one of the same name.
	Loading = "loading"
	// The module notifiers.
	NotifyComing = "notifier:COMING"
	NotifyLive   = "notifier:LIVE"
	NotifyGoing  = "notifier:GOING"
	// Returned prefixes the IDs of Returns: "ret:L17".
	Returned = "ret:"
)

// PointHooks returns the hooks of a point on a kernel version such as "6.12",
// none where the driver cannot show it.
func PointHooks(p trace.Point, version string) []Hook {
	var hooks []Hook
	for _, h := range p.HooksIn(version) {
		hooks = append(hooks, Hook{
			ID: p.ID, Func: h.Func, Layout: Layout(h.Args), Attr: h.Attr, Scope: Scope(h.In), FailOnly: h.FailOnly,
		})
	}
	return hooks
}

// TableHooks returns the hooks of all points, for a session that steps.
func TableHooks(version string) []Hook {
	var hooks []Hook
	for _, p := range trace.Points() {
		hooks = append(hooks, PointHooks(p, version)...)
	}
	return hooks
}

// RequestHooks returns what ties requests, helpers and what the helpers load
// together, besides the points themselves.
func RequestHooks() []Hook {
	return []Hook{
		{ID: Child, Func: "call_usermodehelper_exec_async", Layout: LayoutChild},
		{ID: Exec, Func: "kernel_execve", Layout: LayoutExec},
	}
}

// WaitHooks returns what shows that a task waits for another load.
func WaitHooks() []Hook {
	return []Hook{{ID: Loading, Func: "finished_loading", Layout: LayoutString0}}
}

// NotifierHooks returns the module notifiers.
func NotifierHooks() []Hook {
	return []Hook{
		{ID: NotifyComing, Func: NotifyComing, Layout: LayoutModule},
		{ID: NotifyLive, Func: NotifyLive, Layout: LayoutModule},
		{ID: NotifyGoing, Func: NotifyGoing, Layout: LayoutModule},
	}
}

// Returns returns what reports results: of the system calls, of a module's
// init, of helpers and of requests. The one of __request_module also tells the
// driver that a request has ended.
func Returns() []Return {
	return []Return{
		{ID: Returned + "L0", Func: "__x64_sys_finit_module", Layout: LayoutSyscall},
		{ID: Returned + "init_module", Func: "__x64_sys_init_module", Layout: LayoutTask},
		{ID: Returned + "U0", Func: "__x64_sys_delete_module", Layout: LayoutDelete},
		{ID: Returned + "L17", Func: "do_init_module", Layout: LayoutModule},
		{ID: Returned + "R8", Func: "call_usermodehelper_exec", Layout: LayoutHelper},
		{ID: Returned + "R9", Func: "__request_module", Layout: LayoutRequest},
	}
}
