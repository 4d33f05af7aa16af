package lab

import (
	"fmt"
	"strings"
)

// wanted is an option of a kernel's configuration that something here needs.
type wanted struct {
	option string
	why    string // what is not there without it, as the end of "for ..."
	off    bool   // it must not be set
	// set are the lines that set it, where "CONFIG_OPTION=y" is not enough: what
	// it depends on, or what brings one that nobody can choose.
	set string
}

// guestWants are the options without which a guest does not come up, or its
// agent ends at once. What merely makes a kernel of it (64BIT, MMU) is not here.
var guestWants = []wanted{
	{option: "64BIT", why: "the guest's program"},
	{option: "BINFMT_ELF", why: "the guest's program"},
	{option: "BLK_DEV_INITRD", why: "what the machine boots from"},
	{option: "PRINTK", why: "the console and the kernel's log"},
	{option: "SERIAL_8250_CONSOLE", set: "TTY=y SERIAL_8250=y SERIAL_8250_CONSOLE=y", why: "the console and the link to the guest"},
	{option: "UNIX98_PTYS", why: "/dev/pts"},
	{option: "PROC_FS", set: "PROC_FS=y PROC_SYSCTL=y", why: "/proc"},
	{option: "SYSFS", why: "/sys"},
	{option: "DEVTMPFS", why: "/dev"},
	{option: "TMPFS", set: "SHMEM=y TMPFS=y", why: "/run and /tmp"},
	{option: "FUTEX", why: "the Go runtime"},
	{option: "EPOLL", why: "the Go runtime"},
	{option: "EVENTFD", why: "the Go runtime"},
	{option: "POSIX_TIMERS", why: "the Go runtime"},
	{option: "UNIX", set: "NET=y UNIX=y", why: "the sockets of the guest's processes"},
	{option: "MODULES", why: "there being anything to debug"},
	{option: "EVENT_TRACING", set: "FTRACE=y FUNCTION_TRACER=y", why: "the events of the module loader"},
	{option: "MODULE_SIG_FORCE", why: "the test modules, which are not signed", off: true},
	{option: "STATIC_USERMODEHELPER", why: "kmodsh to be the kernel's modprobe", off: true},
}

// driverWants are the options that the test driver needs besides.
var driverWants = []wanted{
	{option: "KPROBES", why: "names of the kernel that are not exported"},
	{option: "KALLSYMS", why: "names of the kernel that are not exported"},
	{option: "KALLSYMS_ALL", why: "the list of modules, which is data"},
	{option: "FUNCTION_TRACER", why: "the entries of functions"},
	{option: "DYNAMIC_FTRACE_WITH_REGS", set: "DYNAMIC_FTRACE=y", why: "threads that are held at the entry of a function"},
	{option: "PREEMPT_COUNT", set: "PREEMPT_DYNAMIC=y", why: "knowing where a thread may be held (CONFIG_PREEMPT_DYNAMIC, CONFIG_PREEMPT or CONFIG_DEBUG_ATOMIC_SLEEP brings it)"},
	{option: "MODULE_UNLOAD", why: "modules that can be unloaded"},
}

// worthWants are the options without which something is not told or not done.
var worthWants = []wanted{
	{option: "PROVE_LOCKING", set: "DEBUG_KERNEL=y PROVE_LOCKING=y", why: "reports of locks taken in a wrong order"},
	{option: "DEBUG_ATOMIC_SLEEP", why: "reports of sleeping where that is forbidden"},
	{option: "DEBUG_KMEMLEAK", set: "DEBUG_FS=y DEBUG_KMEMLEAK=y", why: "accounts that name what was lost"},
	{option: "DETECT_HUNG_TASK", why: "reports of tasks that hang"},
	{option: "SLUB_DEBUG", why: "accounts that count objects of slabs"},
	{option: "TEST_KMOD", set: "RUNTIME_TESTING_MENU=y TEST_KMOD=m", why: "upstream's test driver (spawn T testkmod)"},
	{option: "MODULE_FORCE_UNLOAD", why: "unload --force"},
	{option: "FANOTIFY_ACCESS_PERMISSIONS", set: "FANOTIFY=y FANOTIFY_ACCESS_PERMISSIONS=y", why: "set rootfs=frozen"},
	{option: "VIRTIO_PCI", set: "PCI=y VIRTIO_MENU=y VIRTIO_PCI=y", why: "a disk for the modules, which are kept in memory else"},
	{option: "VIRTIO_BLK", set: "BLOCK=y BLK_DEV=y VIRTIO_BLK=y", why: "a disk for the modules, which are kept in memory else"},
	{option: "SQUASHFS", set: "MISC_FILESYSTEMS=y SQUASHFS=y", why: "a disk for the modules, which are kept in memory else"},
	{option: "SQUASHFS_LZ4", why: "a disk for the modules, which are kept in memory else"},
	{option: "PVH", set: "HYPERVISOR_GUEST=y PVH=y", why: "a start without the decompressor, which takes some seconds"},
}

// readsDisk says whether the kernel can read what makeSquashfs makes: unless its
// configuration says otherwise.
func (k *Kernel) readsDisk() bool {
	c, err := k.config(false)
	return err != nil || c.has("SQUASHFS_LZ4")
}

// lacks returns those of list that a configuration does not meet.
func (c *kernelConfig) lacks(list []wanted) []wanted {
	var missing []wanted
	for _, w := range list {
		if c.has(w.option) == w.off {
			missing = append(missing, w)
		}
	}
	return missing
}

// fragment are options as a fragment of a configuration has them.
func fragment(list []wanted) []string {
	var lines []string
	for _, w := range list {
		switch {
		case w.off:
			lines = append(lines, "# CONFIG_"+w.option+" is not set")
		case w.set == "":
			lines = append(lines, "CONFIG_"+w.option+"=y")
		}
		for line := range strings.FieldsSeq(w.set) {
			lines = append(lines, "CONFIG_"+line)
		}
	}
	return lines
}

// reasons are options, each with what it is for.
func reasons(list []wanted) string {
	var parts []string
	for _, w := range list {
		option := "CONFIG_" + w.option
		if w.off {
			option += " off"
		}
		parts = append(parts, option+" (for "+w.why+")")
	}
	return strings.Join(parts, ", ")
}

// missing says that it is not as it should be, and what it is for.
func (w wanted) missing() string {
	if w.off {
		return "CONFIG_" + w.option + " is set, and must not be for " + w.why
	}
	return "CONFIG_" + w.option + " is not set; it is for " + w.why
}

// ConfigError says which options a kernel's configuration lacks.
type ConfigError struct {
	Release string
	From    string   // file of the configuration
	What    string   // what cannot be done: "run as a guest"
	Options []string // lines for a fragment: "CONFIG_DEVTMPFS=y"
	reasons string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("kernel %s cannot %s: by %s it lacks %s; set them and build it anew", e.Release, e.What, e.From, e.reasons)
}

// checkConfig returns a *ConfigError when the kernel's configuration is beside
// it and lacks something of list.
func (k *Kernel) checkConfig(list []wanted, what string) error {
	c, err := k.config(false)
	if err != nil {
		return nil // unknown: the guest tells
	}
	missing := c.lacks(list)
	if len(missing) == 0 {
		return nil
	}
	return &ConfigError{Release: k.Release, From: c.from, What: what, Options: fragment(missing), reasons: reasons(missing)}
}

// ConfigChecks are the doctor's checks of the configuration of a person's own
// kernel: what a guest needs, what the test driver does, what is worth having.
func (k *Kernel) ConfigChecks() []Check {
	const name = "kernel options"
	c, err := k.config(true)
	if err != nil {
		return []Check{{Name: name, State: CheckWarn, Detail: err.Error(), Fix: "CONFIG_IKCONFIG=y in it, or its configuration beside it as config-" + k.Release}}
	}
	checks := []Check{{Name: name, State: CheckOK, Detail: "of " + k.Release + ", by " + c.from}}
	for _, part := range []struct {
		name  string
		list  []wanted
		state string
	}{
		{"for a guest", guestWants, CheckMissing},
		{"for the test driver", driverWants, CheckWarn},
		{"worth having", worthWants, CheckWarn},
	} {
		missing := c.lacks(part.list)
		if len(missing) == 0 {
			checks = append(checks, Check{Name: part.name, State: CheckOK, Detail: "all there"})
			continue
		}
		for _, w := range missing {
			checks = append(checks, Check{Name: part.name, State: part.state, Detail: w.missing(), Fix: strings.Join(fragment([]wanted{w}), " "), OfKernel: true})
		}
	}
	return checks
}
