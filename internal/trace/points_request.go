package trace

// requestPoints are the steps of one request_module() call, in order.
// The files are kernel/kmod.c up to 6.3 and kernel/module/kmod.c from 6.4.
func requestPoints() []Point {
	const src = "kernel/kmod.c 4.9 to 6.3, kernel/module/kmod.c 6.4 and later, __request_module"
	return []Point{
		{
			ID: "R1", Name: "request begins", Phase: PhaseRequest,
			Says: "A kernel thread calls request_module(); nothing has been checked yet, not even whether the module is already there.",
			Sees: "nothing",
			Funcs: []Func{
				{Since: "4.9", Name: "__request_module", File: "kernel/kmod.c"},
				{Since: "6.4", Name: "__request_module", File: "kernel/module/kmod.c"},
			},
			Hold: true, Why: "some callers hold locks of their own subsystem", Source: src,
		},
		{
			ID: "R2", Name: "modprobe path checked", Phase: PhaseRequest,
			Says: "The kernel looks whether modprobe_path is empty: older kernels then report success, newer ones -ENOENT.",
			Sees: "/proc/sys/kernel/modprobe", Why: "inside __request_module, no function of its own",
			Fail: []string{"ENOENT"}, Source: src + "; -ENOENT since commit d7d27cfc5cf0, 5.7",
		},
		{
			ID: "R3", Name: "name formatted", Phase: PhaseRequest,
			Says: "The requested name is put together; 56 bytes or more are refused.",
			Sees: "nothing", Why: "inside __request_module, no function of its own",
			Fail: []string{"ENAMETOOLONG"}, Source: src,
		},
		{
			ID: "R4", Name: "security check", Phase: PhaseRequest,
			Says:  "A security module (SELinux, IMA) may refuse the request.",
			Sees:  "nothing, or an audit record when it is refused",
			Funcs: []Func{{Since: "4.9", Name: "security_kernel_module_request", File: "security/security.c"}},
			Hold:  true, Fail: []string{"EACCES", "EPERM", "EINVAL"}, Source: src,
		},
		{
			ID: "R5", Name: "permit taken", Phase: PhaseRequest,
			Says: "The caller takes one of the 50 permits for waiting requesters; when none is free it is refused (to 4.12) or waits up to 5 s.",
			Sees: "a kernel log line when the limit is hit",
			Funcs: []Func{
				{Since: "4.9", File: "kernel/kmod.c"},
				{Since: "6.4", Name: "down_timeout", File: "kernel/locking/semaphore.c"},
			},
			Hold: true, Fail: []string{"ENOMEM", "ETIME", "ERESTARTSYS"},
			Source: src + "; throttle since 6d7964a722af, 4.13; semaphore since 25a1b5b518f4, 6.4",
		},
		{
			ID: PointRequest, Name: "request traced", Phase: PhaseRequest,
			Says: "The kernel, holding a permit, is about to start modprobe for the requested name.",
			Sees: "tracepoint module_request with the name and whether the caller waits",
			Why:  "a tracepoint; hold at R4 or R8 instead", Tracepoint: "module:module_request",
			Source: "include/trace/events/module.h, " + src,
		},
		{
			ID: "R7", Name: "duplicates merged", Phase: PhaseRequest,
			Says:  "Where the kernel was built to, a request for a name that is already being requested waits for that one's answer.",
			Sees:  "a kernel log line for each duplicate",
			Funcs: []Func{{Since: "6.4", Name: "kmod_dup_request_exists_wait", File: "kernel/module/dups.c"}},
			Why:   "only with CONFIG_MODULE_DEBUG_AUTOLOAD_DUPS", Source: "kernel/module/dups.c 6.12",
		},
		{
			ID: "R8", Name: "helper started", Phase: PhaseRequest,
			Says:  "The usermode helper code starts modprobe -q -- NAME as a child of a kernel worker and, unless the caller said no wait, waits for its exit.",
			Sees:  "a process with modprobe's command line and a kworker as its parent",
			Funcs: []Func{{Since: "4.9", Name: "call_usermodehelper_exec", File: "kernel/umh.c"}},
			Hold:  true, Fail: []string{"ENOENT", "EACCES", "ENOEXEC", "EBUSY", "ENOMEM"},
			Source: "kernel/umh.c 6.1 and 6.12 (kernel/kmod.c up to 4.13)",
		},
		{
			ID: "R9", Name: "request ends", Phase: PhaseRequest,
			Says: "The permit is given back and the caller gets the helper's answer: 0, exit status times 256, a signal number, or a negative errno.",
			Sees: "nothing", Why: "the end of __request_module, no function of its own", Source: src,
		},
	}
}
