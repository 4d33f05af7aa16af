package agent

import (
	"errors"
	"syscall"

	"example.org/kmodsh/internal/inject"
)

// setHooks hooks the points at which threads stop. A function that this kernel
// does not have is passed over.
func setHooks(c *inject.Client) error {
	for _, h := range []inject.Hook{
		{ID: "L0", Func: "__x64_sys_finit_module", Layout: inject.LayoutSyscall},
		{ID: "L0", Func: "__x64_sys_init_module", Layout: inject.LayoutNone},
		{ID: "L1", Func: "kernel_read_file", Layout: inject.LayoutRead, Scope: inject.InLoad},
		{ID: "L2", Func: "module_sig_check", Layout: inject.LayoutNone, Scope: inject.InLoad},
		{ID: "L9", Func: "strndup_user", Layout: inject.LayoutNone, Scope: inject.InLoad},
		{ID: "L12", Func: "klp_module_coming", Layout: inject.LayoutModule},
		{ID: "L13", Func: "parse_args", Layout: inject.LayoutString0, Scope: inject.InLoad},
		{ID: "L14", Func: "mod_sysfs_setup", Layout: inject.LayoutModule},
		{ID: "W3", Func: "kobject_create_and_add", Layout: inject.LayoutHolders, Attr: "holders"},
		{ID: "W4", Func: "module_param_sysfs_setup", Layout: inject.LayoutModule},
		{ID: "W5", Func: "sysfs_create_file_ns", Layout: inject.LayoutKobject, Scope: inject.InLoad},
		{ID: "L17", Func: "do_init_module", Layout: inject.LayoutModule},
		{ID: "L18", Func: "async_synchronize_full", Layout: inject.LayoutNone, Scope: inject.InLoad},
		{ID: "U0", Func: "__x64_sys_delete_module", Layout: inject.LayoutDelete},
		{ID: "U3", Func: "klp_module_going", Layout: inject.LayoutModule},
		{ID: "U4", Func: "free_module", Layout: inject.LayoutModule},
		{ID: "U5", Func: "module_remove_modinfo_attrs", Layout: inject.LayoutModule},
		{ID: "U6", Func: "module_param_sysfs_remove", Layout: inject.LayoutModule},
		{ID: "U8", Func: "module_unload_free", Layout: inject.LayoutModule},
		{ID: "R1", Func: "__request_module", Layout: inject.LayoutRequest},
		{ID: "R4", Func: "security_kernel_module_request", Layout: inject.LayoutQuery},
		{ID: "R5", Func: "down_timeout", Layout: inject.LayoutPermit},
		{ID: "R8", Func: "call_usermodehelper_exec", Layout: inject.LayoutHelper},
		{ID: hookChild, Func: "call_usermodehelper_exec_async", Layout: inject.LayoutChild},
	} {
		if err := c.Send(h); err != nil && !errors.Is(err, syscall.ENOENT) {
			return err
		}
	}
	return c.Send(inject.Return{ID: pointReturned, Func: "__request_module", Layout: inject.LayoutRequest})
}
