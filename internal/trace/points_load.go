package trace

// loadPoints are the steps of load_module(). The file is kernel/module.c up to
// 5.18 and kernel/module/main.c from 5.19; functions without a name are
// inlined in the kernels the table was measured on (6.1.192, 6.12.117).
func loadPoints() []Point {
	const main = "kernel/module/main.c"
	src := func(f string) string { return main + " 6.1 and 6.12 (kernel/module.c 4.9), " + f }
	fn := func(name string) []Func {
		return []Func{{Since: "4.9", Name: name, File: "kernel/module.c"}, {Since: "5.19", Name: name, File: main}}
	}
	inlined := "inlined in the kernels we measured"
	return []Point{
		{
			ID: "L0", Name: "system call", Phase: PhaseLoad,
			Says: "finit_module or init_module begins, and checks that the caller may load modules and that the flags are known.",
			Sees: "nothing", Funcs: fn("__x64_sys_finit_module"), Hold: true,
			Fail: []string{"EPERM", "EINVAL"}, Source: src("may_init_module"),
		},
		{
			ID: "L1", Name: "image read", Phase: PhaseLoad,
			Says:  "The kernel reads the module file, or copies the image from the caller, and unpacks it if it may.",
			Sees:  "nothing",
			Funcs: []Func{{Since: "4.9", Name: "kernel_read_file", File: "fs/kernel_read_file.c"}},
			Hold:  true, Fail: []string{"EBADF", "EFBIG", "ENOMEM", "EFAULT", "ENOEXEC", "EOPNOTSUPP"},
			Source: src("init_module_from_file"),
		},
		{
			ID: "L2", Name: "signature check", Phase: PhaseLoad,
			Says: "The module's signature is checked; without enforcement a missing one only taints the kernel.",
			Sees: "nothing", Funcs: []Func{{Since: "4.9", Name: "module_sig_check", File: "kernel/module/signing.c"}},
			Hold: true, Fail: []string{"ENOKEY", "EKEYREJECTED", "ENOPKG", "EBADMSG"},
			Source: "kernel/module/signing.c 6.1 and 6.12, module_sig_check",
		},
		{
			ID: "L3", Name: "ELF checked", Phase: PhaseLoad,
			Says: "The image is checked to be a relocatable ELF file, and its sections and the module structure in it are found.",
			Sees: "nothing", Why: inlined, Fail: []string{"ENOEXEC"}, Source: src("elf_validity_check"),
		},
		{
			ID: "L4", Name: "name and version checked", Phase: PhaseLoad,
			Says: "The module_blacklist= parameter, the struct module layout CRC and the vermagic are checked; 6.12 also looks here whether the module is already there.",
			Sees: "nothing", Why: inlined, Fail: []string{"EPERM", "ENOEXEC", "EEXIST", "EBUSY"},
			Source: src("early_mod_check"),
		},
		{
			ID: "L5", Name: "memory laid out", Phase: PhaseLoad,
			Says: "The sections are laid out, memory is allocated and the sections are copied to it.",
			Sees: "nothing", Why: inlined, Fail: []string{"ENOMEM", "ENOEXEC"}, Source: src("layout_and_allocate"),
		},
		{
			ID: "L6", Name: "put on the list", Phase: PhaseLoad,
			Says: "Under module_mutex the name is looked up: a module of that name that is on its way is waited for, a live one is EEXIST; else this one goes on the list, unformed.",
			Sees: "nothing: unformed modules are hidden from /proc/modules",
			Why:  "module_mutex is held: every reader of /proc/modules would hang",
			Fail: []string{"EEXIST", "EBUSY", "ERESTARTSYS"}, Source: src("add_unformed_module"),
		},
		{
			ID: "L7", Name: "bookkeeping made", Phase: PhaseLoad,
			Says: "Taints are noted, per-cpu memory is taken, and the reference count starts with one reference held for the load itself.",
			Sees: "kernel taint flags", Why: inlined, Fail: []string{"ENOMEM", "EINVAL", "ENOEXEC"}, Source: src("load_module"),
		},
		{
			ID: "L8", Name: "symbols resolved", Phase: PhaseLoad,
			Says: "Each undefined symbol is looked for in the kernel and the other modules; one owned by a module that is coming is waited for, up to 30 s for each symbol.",
			Sees: "reference counts of the dependencies go up", Funcs: fn("resolve_symbol"), Hold: true,
			Fail: []string{"ENOENT", "EBUSY", "EINVAL", "ENOEXEC"}, Source: src("simplify_symbols"),
		},
		{
			ID: "L9", Name: "arguments copied", Phase: PhaseLoad,
			Says:  "The parameter string is copied from the caller.",
			Sees:  "nothing",
			Funcs: []Func{{Since: "4.9", Name: "strndup_user", File: "mm/util.c"}},
			Hold:  true, Fail: []string{"EFAULT", "ENOMEM", "EINVAL"}, Source: src("load_module"),
		},
		{
			ID: "L10", Name: "tracing registered", Phase: PhaseLoad,
			Says: "Dynamic debug and ftrace learn of the module, while nobody can run its code yet.",
			Sees: "nothing", Why: "library code without an entry hook", Source: src("ftrace_module_init"),
		},
		{
			ID: "L11", Name: "formed", Phase: PhaseLoad,
			Says: "Under module_mutex its exports are checked for duplicates and the state becomes coming.",
			Sees: "a row in /proc/modules with the state Loading", Why: "module_mutex is held",
			Fail: []string{"ENOEXEC", "EINVAL"}, Source: src("complete_formation"),
		},
		{
			ID: "L12", Name: "coming announced", Phase: PhaseLoad,
			Says:  "Ftrace, livepatch and the module notifiers are told that the module is coming.",
			Sees:  "the row in /proc/modules says Loading; there is no /sys/module directory yet",
			Funcs: []Func{{Since: "4.9", Name: "klp_module_coming", File: "kernel/livepatch/core.c"}},
			Hold:  true, Fail: []string{"ENOMEM", "EINVAL"}, Source: src("prepare_coming_module"),
		},
		{
			ID: "L13", Name: "parameters parsed", Phase: PhaseLoad,
			Says:  "The parameters are set, one set callback each; an unknown one is only logged.",
			Sees:  "side effects of the parameters",
			Funcs: []Func{{Since: "4.9", Name: "parse_args", File: "kernel/params.c"}},
			Hold:  true, Fail: []string{"EINVAL", "ERANGE", "ENOSPC", "ENOENT", "EPERM", "ENOMEM"}, Source: src("load_module"),
		},
		{
			ID: "L14", Name: "sysfs set-up", Phase: PhaseLoad,
			Says:  "The module's directory under /sys/module is about to be made; W0 to W9 are its steps.",
			Sees:  "no directory yet",
			Funcs: []Func{{Since: "4.9", Name: "mod_sysfs_setup", File: "kernel/module.c"}, {Since: "5.19", Name: "mod_sysfs_setup", File: "kernel/module/sysfs.c"}},
			Hold:  true, Fail: []string{"EINVAL", "ENOMEM", "EEXIST"}, Source: "kernel/module/sysfs.c 6.1 and 6.12, mod_sysfs_setup",
		},
		{
			ID: "L15", Name: "livepatch copy", Phase: PhaseLoad,
			Says:  "A livepatch module keeps a copy of its ELF facts; others skip this.",
			Sees:  "the complete /sys/module directory, initstate says coming",
			Funcs: []Func{{Since: "4.9", Name: "copy_module_elf", File: "kernel/module/livepatch.c"}},
			Hold:  true, Fail: []string{"ENOMEM"}, Source: src("load_module"),
		},
		{
			ID: PointModuleLoad, Name: "load traced", Phase: PhaseLoad,
			Says: "The module is in place with its sysfs directory; its init function has not run yet and may still fail.",
			Sees: "tracepoint module_load; initstate says coming",
			Why:  "a tracepoint; hold at L17 instead", Tracepoint: "module:module_load",
			Source: "include/trace/events/module.h, " + src("load_module"),
		},
		{
			ID: "L17", Name: "init runs", Phase: PhaseLoad,
			Says:  "The module's constructors and its init function are about to run, in the loading process.",
			Sees:  "the row says Loading, initstate says coming; whatever init registers appears before the module is live",
			Funcs: fn("do_init_module"), Hold: true,
			Fail: []string{"ENOMEM"}, Source: src("do_init_module"),
		},
		{
			ID: "L18", Name: "live", Phase: PhaseLoad,
			Says:  "Init has returned 0: the state becomes live, the notifiers are told, the uevent is sent, async work is waited for.",
			Sees:  "the row says Live, initstate says live",
			Funcs: []Func{{Since: "4.9", Name: "async_synchronize_full", File: "kernel/async.c"}},
			Hold:  true, Source: src("do_init_module"),
		},
		{
			ID: "L19", Name: "load ends", Phase: PhaseLoad,
			Says: "The load's own reference is dropped, init memory is given back, and everybody who waited for this module is woken.",
			Sees: "the size column shrinks, the reference count falls to 0", Why: "module_mutex is held",
			Source: src("do_init_module"),
		},
	}
}
