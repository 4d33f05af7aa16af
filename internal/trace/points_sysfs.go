package trace

// sysfsPoints are the steps of mod_sysfs_setup(). Between W2 and the initstate
// file inside W5 lies the window in which a directory without initstate made
// kmod up to 19 believe that the module was built in.
func sysfsPoints() []Point {
	const file = "kernel/module/sysfs.c"
	const src = file + " 6.1 and 6.12 (kernel/module.c 4.9), "
	return []Point{
		{
			ID: "W0", Name: "module directory ready?", Phase: PhaseSysfs,
			Says: "Sysfs set-up begins; it is refused when /sys/module itself does not exist yet.",
			Sees: "nothing", Why: "inlined; hold at L14", Fail: []string{"EINVAL"}, Source: src + "mod_sysfs_init",
		},
		{
			ID: "W1", Name: "name clash?", Phase: PhaseSysfs,
			Says: "A directory of that name, such as that of built-in code with parameters, makes the load fail.",
			Sees: "a kernel log line: module is already loaded", Why: "kset_find_obj has no entry hook", Fail: []string{"EINVAL"},
			Source: src + "mod_sysfs_init",
		},
		{
			ID: "W2", Name: "directory made", Phase: PhaseSysfs,
			Says: "The directory /sys/module/NAME appears, empty; the window of the built-in race opens.",
			Sees: "an empty directory, no initstate; the row says Loading",
			Why:  "kobject_init_and_add has no entry hook", Fail: []string{"ENOMEM", "EEXIST"}, Source: src + "mod_sysfs_init",
		},
		{
			ID: "W3", Name: "holders made", Phase: PhaseSysfs,
			Says:  "The holders directory is made in it.",
			Sees:  "directory with nothing or holders in it, no initstate",
			Funcs: []Func{{Since: "4.9", Name: "kobject_create_and_add", File: "lib/kobject.c"}},
			Hold:  true, Why: "breakpoint probe only: no ftrace entry", Fail: []string{"ENOMEM"}, Source: src + "mod_sysfs_setup",
		},
		{
			ID: "W4", Name: "parameters made", Phase: PhaseSysfs,
			Says: "The parameters directory is about to be made. The directory exists and initstate does not, and no lock is held: the place to hold a load inside the window.",
			Sees: "directory with holders only, no initstate; the row says Loading",
			Funcs: []Func{
				{Since: "4.9", Name: "module_param_sysfs_setup", File: "kernel/params.c"},
			},
			Hold: true, Fail: []string{"ENOMEM", "EEXIST"}, Source: "kernel/params.c 6.1 and 6.12, module_param_sysfs_setup",
		},
		{
			ID: "W5", Name: "attributes made", Phase: PhaseSysfs,
			Says:  "The attribute files are made one by one: uevent, version, srcversion, then initstate, which closes the window, then the rest.",
			Sees:  "the files made so far; initstate says coming once it is there",
			Funcs: []Func{{Since: "4.9", Name: "sysfs_create_file_ns", File: "fs/sysfs/file.c"}},
			Hold:  true, Fail: []string{"ENOMEM", "EEXIST"}, Source: src + "module_add_modinfo_attrs",
		},
		{
			ID: "W6", Name: "holders linked", Phase: PhaseSysfs,
			Says:  "Under module_mutex each dependency gets a link to this module in its holders directory.",
			Sees:  "links in the dependencies' holders directories",
			Funcs: []Func{{Since: "4.9", Name: "sysfs_create_link", File: "fs/sysfs/symlink.c"}},
			Why:   "module_mutex is held", Fail: []string{"ENOMEM", "EEXIST"}, Source: src + "add_usage_links",
		},
		{
			ID: "W7", Name: "sections made", Phase: PhaseSysfs,
			Says: "The sections directory with the addresses of the sections is made.",
			Sees: "directory sections", Why: "inlined", Fail: []string{"ENOMEM"}, Source: src + "add_sect_attrs",
		},
		{
			ID: "W8", Name: "notes made", Phase: PhaseSysfs,
			Says: "The notes directory with the ELF notes is made.",
			Sees: "directory notes: the directory is complete", Why: "inlined", Fail: []string{"ENOMEM"}, Source: src + "add_notes_attrs",
		},
		{
			ID: "W9", Name: "uevent sent early", Phase: PhaseSysfs,
			Says: "Kernels before the change 38dc717e9715 announce the module to udev here, before its init has run.",
			Sees: "an ADD uevent", Why: "kobject_uevent has no entry hook", Source: "kernel/module.c 4.9 and 4.14, mod_sysfs_setup",
		},
	}
}
