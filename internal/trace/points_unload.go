package trace

// unloadPoints are the steps of delete_module() and free_module(); a load
// whose init fails goes through U3 to U9 as well.
func unloadPoints() []Point {
	const main = "kernel/module/main.c"
	const src = main + " 6.1 and 6.12 (kernel/module.c 4.9), "
	both := func(name string) []Func {
		return []Func{{Since: "4.9", Name: name, File: "kernel/module.c"}, {Since: "5.19", Name: name, File: main}}
	}
	return []Point{
		{
			ID: "U0", Name: "unload asked", Phase: PhaseUnload,
			Says: "delete_module begins, and checks that the caller may unload modules and that the name can be one.",
			Sees: "nothing", Funcs: both("__x64_sys_delete_module"), Hold: true,
			Fail: []string{"EPERM", "ENOENT", "EFAULT", "EINTR"}, Source: src + "delete_module",
		},
		{
			ID: "U1", Name: "may it go?", Phase: PhaseUnload,
			Says: "Under module_mutex: nobody may depend on it, it must be live and have an exit function, and its reference count must be 0; then the state becomes going.",
			Sees: "the row says Unloading with a reference count of -1", Why: "module_mutex is held",
			Fail: []string{"EAGAIN", "EBUSY", "ENOENT"}, Source: src + "delete_module, try_stop_module",
		},
		{
			ID: "U2", Name: "exit runs", Phase: PhaseUnload,
			Says: "The module's exit function runs, in the unloading process.",
			Sees: "the row says Unloading, initstate says going", Why: "the module's own code; hold its notifier at U3",
			Source: src + "delete_module",
		},
		{
			ID: "U3", Name: "going announced", Phase: PhaseUnload,
			Says:  "The notifiers and livepatch are told that the module is going.",
			Sees:  "the row says Unloading, initstate says going",
			Funcs: []Func{{Since: "4.9", Name: "klp_module_going", File: "kernel/livepatch/core.c"}},
			Hold:  true, Source: src + "delete_module, do_init_module",
		},
		{
			ID: PointModuleFree, Name: "free begins", Phase: PhaseUnload,
			Says:  "The kernel begins to take the module apart, after its exit function or a failed init.",
			Sees:  "tracepoint module_free; the directory is still complete, initstate says going",
			Funcs: both("free_module"), Hold: true, Tracepoint: "module:module_free",
			Source: "include/trace/events/module.h, " + src + "free_module",
		},
		{
			ID: "U5", Name: "attributes removed", Phase: PhaseUnload,
			Says: "The attribute files go, initstate with them: the last moment before the mirror window of the built-in race.",
			Sees: "initstate says going, and then is not there",
			Funcs: []Func{
				{Since: "4.9", Name: "module_remove_modinfo_attrs", File: "kernel/module.c"},
				{Since: "5.19", Name: "module_remove_modinfo_attrs", File: "kernel/module/sysfs.c"},
			},
			Hold: true, Source: "kernel/module/sysfs.c 6.1 and 6.12, mod_sysfs_teardown",
		},
		{
			ID: "U6", Name: "parameters removed", Phase: PhaseUnload,
			Says:  "The parameters directory goes. The directory is there without initstate: inside the mirror window.",
			Sees:  "directory with holders, notes, parameters, sections, no initstate; the row says Unloading",
			Funcs: []Func{{Since: "4.9", Name: "module_param_sysfs_remove", File: "kernel/params.c"}},
			Hold:  true, Source: "kernel/params.c 6.1 and 6.12",
		},
		{
			ID: "U7", Name: "hidden", Phase: PhaseUnload,
			Says: "Under module_mutex the state becomes unformed: the name is invisible but still blocks a new load.",
			Sees: "no row, no directory", Why: "module_mutex is held", Source: src + "free_module",
		},
		{
			ID: "U8", Name: "dependencies put", Phase: PhaseUnload,
			Says:  "The references it held on its dependencies are given back.",
			Sees:  "no row, no directory; reference counts of the dependencies go down",
			Funcs: both("module_unload_free"), Hold: true, Source: src + "module_unload_free",
		},
		{
			ID: "U9", Name: "gone", Phase: PhaseUnload,
			Says: "It is taken off the list, its memory is given back and everybody who waited for the name is woken.",
			Sees: "nothing is left", Why: "module_mutex is held", Source: src + "free_module; wake-up since 5d603311615f, 5.3",
		},
	}
}

// otherPoints are reference counts and what is seen from outside.
func otherPoints() []Point {
	return []Point{
		{
			ID: PointGet, Name: "reference taken", Phase: PhaseRefs,
			Says: "Somebody took a reference on the module; the number is the raw one, one more than /proc/modules shows.",
			Sees: "tracepoint module_get", Why: "atomic context possible", Tracepoint: "module:module_get",
			Source: "include/trace/events/module.h 6.1 and 6.12",
		},
		{
			ID: PointPut, Name: "reference dropped", Phase: PhaseRefs,
			Says: "Somebody gave a reference back; the number is the raw one, one more than /proc/modules shows.",
			Sees: "tracepoint module_put", Why: "atomic context possible", Tracepoint: "module:module_put",
			Source: "include/trace/events/module.h 6.1 and 6.12",
		},
		{
			ID: PointSeen, Name: "state seen", Phase: PhaseSeen,
			Says: "Reading /proc/modules showed that the module's state or reference count had changed since the last look; the change itself came a little before.",
			Sees: "the module's row in /proc/modules", Why: "an observation, not a step",
			Source: "kernel/module/procfs.c 6.1 and 6.12, m_show",
		},
	}
}
