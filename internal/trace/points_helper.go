package trace

// helperPoints are the stages of the modprobe process, as our loader reports
// them itself. A helper of another make shows none of them.
func helperPoints() []Point {
	const src = "internal/kmod, the loader"
	return []Point{
		{
			ID: PointStarted, Name: "helper runs", Phase: PhaseHelper,
			Says: "A loader process has started and read its arguments.",
			Sees: "the process and its command line", Hold: true, Source: src,
		},
		{
			ID: PointResolved, Name: "name resolved", Phase: PhaseHelper,
			Says: "The loader has turned the name or alias into modules, by configuration and the indexes depmod made.",
			Sees: "nothing", Hold: true, Source: src + "; modprobe(8), modules.dep(5)",
		},
		{
			ID: PointBuiltin, Name: "built-in check", Phase: PhaseHelper,
			Says: "The loader has decided whether the module is built in or already there, by the rule of its policy.",
			Sees: "what /sys/module shows of the module at this moment",
			Hold: true, Source: src + "; libkmod-module.c of kmod 19 and 20",
		},
		{
			ID: PointInsert, Name: "insert", Phase: PhaseHelper,
			Says: "The loader is about to hand the module to the kernel by finit_module or init_module.",
			Sees: "nothing yet", Hold: true, Source: "finit_module(2)",
		},
		{
			ID: PointInserted, Name: "insert returned", Phase: PhaseHelper,
			Says: "The kernel has answered the load: 0, or an errno such as EEXIST (already there) or EBUSY (another load of it failed or it is going).",
			Sees: "the module's row in /proc/modules when it was 0",
			Hold: true, Source: "finit_module(2); kernel/module/main.c",
		},
		{
			ID: PointWaits, Name: "waits for a module", Phase: PhaseHelper,
			Says: "The module is there but coming or going; the loader waits until it is live or gone, because neither counts as done.",
			Sees: "initstate says coming or going, or is not there yet",
			Hold: true, Source: src,
		},
		{
			ID: PointVerified, Name: "verdict", Phase: PhaseHelper,
			Says: "The loader has compared what it is about to report with what the kernel shows, and has its verdict.",
			Sees: "the module's state at this moment", Hold: true, Source: src,
		},
		{
			ID: PointExit, Name: "helper exits", Phase: PhaseHelper,
			Says: "The loader exits; its status is all that the kernel and the caller of request_module() learn.",
			Sees: "the process ends", Hold: true, Source: "kernel/umh.c, call_usermodehelper_exec_sync",
		},
		{
			ID: PointRemove, Name: "remove", Phase: PhaseHelper,
			Says: "The loader is about to ask the kernel to unload a module by delete_module.",
			Sees: "the module, live", Hold: true, Source: "delete_module(2)",
		},
		{
			ID: PointRemoved, Name: "remove returned", Phase: PhaseHelper,
			Says: "The kernel has answered the unload: 0, EAGAIN when it is in use, EBUSY when it is coming or going, ENOENT when it is not there.",
			Sees: "the row is gone from /proc/modules when it was 0",
			Hold: true, Source: "delete_module(2); kernel/module/main.c",
		},
	}
}
