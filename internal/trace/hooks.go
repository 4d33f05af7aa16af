package trace

import "slices"

// Hook is how the test driver attaches to a point of a real kernel: to the
// entry of a function. The words of Args and In are the driver's (package
// inject).
type Hook struct {
	Since string // first version it holds for, "4.9"
	Func  string
	// Args says where the function's arguments hold what it is about: the
	// module, the requested name.
	Args string
	Attr string // of W3: only this directory
	In   string // only inside the system calls "load", "unload" or "module" (both)
	// Skip says that the function may return an errno without having run: its
	// callers unwind as if it had failed itself, and nothing is left behind.
	Skip bool
	// SkipWith is the only errno that skipping can give, "" for any.
	SkipWith string
	// FailOnly hooks serve for failing alone: the point is held elsewhere.
	FailOnly bool
	// Some says that the function is called for some modules only: others come
	// by the point in the text of its caller, where nothing can be attached.
	Some bool
	// Asked hooks are attached only while a fault names the point: a module's
	// load comes by it once for each of its symbols, a hundred times for most.
	Asked bool
}

// HooksIn returns the hooks of a point on a version of the kernel, such as
// "6.12"; none where the driver cannot show it.
func (p Point) HooksIn(version string) []Hook {
	var in []Hook
	for _, h := range p.Hooks {
		if !Newer(h.Since, version) {
			in = append(in, h)
		}
	}
	return in
}

// PointOf returns the point of the table at which threads stop on the entry of a
// function on a version of the kernel, whoever calls it: such a function is that
// point, and no second one.
func PointOf(version, function string) (p Point, ok bool) {
	for _, p := range Points() {
		for _, h := range p.HooksIn(version) {
			if h.Func == function && h.Attr == "" && h.In == "" && !h.FailOnly && !h.Some && !h.Asked {
				return p, true
			}
		}
	}
	return p, false
}

// FailsIn says whether the driver can make the point fail with the errno of
// that name on a version of the kernel.
func (p Point) FailsIn(version, errno string) bool {
	return slices.Contains(p.Fail, errno) && slices.ContainsFunc(p.HooksIn(version), func(h Hook) bool {
		return h.Skip && (h.SkipWith == "" || h.SkipWith == errno)
	})
}

// pointHooks returns the hooks of the table's rows, measured on 6.1.192 and
// 6.12.117. Which functions may be skipped is read from their callers; the
// driver has the same list (deny.c).
func pointHooks() map[string][]Hook {
	return map[string][]Hook{
		"R1": {{Since: "4.9", Func: "__request_module", Args: "r0"}},
		"R4": {{Since: "4.9", Func: "security_kernel_module_request", Args: "q0", Skip: true}},
		"R5": {{Since: "6.4", Func: "down_timeout", Args: "p0", Skip: true}},
		"R8": {{Since: "4.9", Func: "call_usermodehelper_exec", Args: "u0", Skip: true}},

		"L0": {
			{Since: "4.17", Func: "__x64_sys_finit_module", Args: "y0", Skip: true},
			{Since: "4.17", Func: "__x64_sys_init_module", Args: "-", Skip: true},
		},
		"L1":  {{Since: "4.9", Func: "kernel_read_file", Args: "x0", In: "load", Skip: true}},
		"L2":  {{Since: "4.9", Func: "module_sig_check", Args: "t0", In: "load", Skip: true}},
		"L8":  {{Since: "4.9", Func: "resolve_symbol", Args: "n2", In: "load", Skip: true, Asked: true}},
		"L9":  {{Since: "4.9", Func: "strndup_user", Args: "t0", In: "load", Skip: true}},
		"L12": {{Since: "4.9", Func: "klp_module_coming", Args: "m0", Skip: true}},
		"L13": {{Since: "4.9", Func: "parse_args", Args: "s0", In: "load", Skip: true}},
		"L14": {{Since: "4.9", Func: "mod_sysfs_setup", Args: "m0", Skip: true}},
		"L15": {{Since: "4.9", Func: "copy_module_elf", Args: "m0", Skip: true, Some: true}},
		"L17": {
			{Since: "4.9", Func: "do_init_module", Args: "m0"},
			// To skip do_init_module would leave the module coming for ever.
			{Since: "4.9", Func: "do_one_initcall", Args: "i0", In: "load", Skip: true, FailOnly: true},
		},
		"L18": {{Since: "4.9", Func: "async_synchronize_full", Args: "t0", In: "load"}},

		"W3": {{Since: "4.9", Func: "kobject_create_and_add", Args: "h1", Attr: "holders", Skip: true, SkipWith: "ENOMEM"}},
		"W4": {{Since: "4.9", Func: "module_param_sysfs_setup", Args: "m0", Skip: true}},
		"W5": {{Since: "4.9", Func: "sysfs_create_file_ns", Args: "k0", Skip: true}},

		"U0": {{Since: "4.17", Func: "__x64_sys_delete_module", Args: "d0", Skip: true}},
		"U3": {{Since: "4.9", Func: "klp_module_going", Args: "m0"}},
		"U4": {{Since: "4.9", Func: "free_module", Args: "m0"}},
		"U5": {{Since: "4.9", Func: "module_remove_modinfo_attrs", Args: "m0"}},
		"U6": {{Since: "4.9", Func: "module_param_sysfs_remove", Args: "m0"}},
		"U8": {{Since: "4.9", Func: "module_unload_free", Args: "m0"}},
	}
}
