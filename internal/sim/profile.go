package sim

import (
	"fmt"
	"strconv"
	"strings"
)

// DupRule is what a load does about a module of the same name that is on the
// list already (kernel/module/main.c, add_unformed_module and
// module_patient_check_exists).
type DupRule string

// The three rules the kernel has had.
const (
	// RuleA, the original (4.9): waits for one that is unformed or coming,
	// then looks again; one that is going is EEXIST at once.
	RuleA DupRule = "A"
	// RuleB, since 6e6de3dee51a (5.3): waits for one that is going as well.
	RuleB DupRule = "B"
	// RuleC, since 0254127ab977 (6.2, in 6.1.y): waits as A; one that is going,
	// or that was waited for and did not become live, is EBUSY.
	RuleC DupRule = "C"
)

// Limiter is how request_module() bounds the requests that run at once.
type Limiter string

// The three limiters the kernel has had.
const (
	Reject    Limiter = "reject"    // to 4.12: -ENOMEM at once
	Throttle  Limiter = "throttle"  // 4.13 to 6.3, 6d7964a722af: wait, killable, 5 s
	Semaphore Limiter = "semaphore" // since 6.4, 25a1b5b518f4: wait, not interruptible, 5 s, first come first served
)

// When a load writes an audit record (kernel/auditsc.c, audit_log_kern_module).
const (
	AuditOff   = "off"   // 4.9
	AuditLoad  = "load"  // 4.14: before it goes on the list
	AuditEarly = "early" // 6.12: also when it is refused before that
)

// How strictly an ELF image is checked, and whether the kernel says what is
// wrong with it (kernel/module/main.c, elf_validity_check).
const (
	ELFSilent  = "silent"  // 4.9, 4.14
	ELFChecked = "checked" // 6.1
	ELFStrict  = "strict"  // 6.12
)

// What get_fs_type says when a request returned 0 and the type is not there
// (fs/filesystems.c).
const (
	FSSilent = "silent" // to 4.12
	FSWarn   = "warn"   // 4.13: once, with a stack dump (41124db869b7)
	FSOnce   = "once"   // 5.7: one line, once (26c5d78c976c)
)

// Profile is a kernel generation as a set of switches, each of which can be
// thrown on its own: what is called a version is not one behaviour, since
// stable releases took some changes and not others.
type Profile struct {
	Name string

	DupRule           DupRule
	EarlyDupCheck     bool    // 6.12: looks for a duplicate before it allocates
	DeleteWakes       bool    // delete_module wakes those who wait for the name (5d603311615f, 5.3)
	NotifierErrors    bool    // an error of a COMING notifier fails the load (robust chain, 5.10)
	CleanupGoing      bool    // a load that fails after formation becomes going (885a78d4a5b3, 4.10)
	BugCleanupGoing   bool    // ... also when it fails at L12 (5e8ed280dab9, 5.10)
	ParamLeak         bool    // parameters are not destroyed when L13 to L15 fail (fixed by a5544880aff9, 4.11)
	ModinfoLeak       bool    // the attribute array leaks when W5 fails (fixed about 5.4)
	UsageLinkErrors   bool    // an error of W6 fails the load (4.14)
	SectionErrors     bool    // errors of W7 and W8 fail the load (6.12)
	EarlyUevent       bool    // the ADD uevent is sent before init runs (until 38dc717e9715)
	EmptyPathIsError  bool    // an empty modprobe_path is -ENOENT, not 0 (d7d27cfc5cf0, 5.7)
	Limiter           Limiter // how requests are bounded
	KmodMax           int     // permits for requests at once
	Idempotent        bool    // finit_module of one inode is done once (9b9879fc0327, 6.5)
	KernelDecompress  bool    // finit_module takes compressed files (5.17)
	DupMerge          bool    // CONFIG_MODULE_DEBUG_AUTOLOAD_DUPS (8660484ed1cf, 6.4)
	SanityCheck       bool    // the proposed check: 0 from modprobe is believed only when the module is live or built in
	ForceUnload       bool    // CONFIG_MODULE_FORCE_UNLOAD
	TaintsBeforeCheck bool    // 6.1: taints are set before the duplicate check
	CompressedFlag    bool    // finit_module knows the flag for compressed files (5.17)
	IdempotentBreak   bool    // a signal ends the wait of the above (2124d84db293, 6.11)
	BlacklistFirst    bool    // module_blacklist= is looked at before the CRC of struct module
	ELFChecks         string  // how strict: ELFSilent, ELFChecked, ELFStrict
	Audit             string  // AuditOff, AuditLoad, AuditEarly
	SigOldErrors      bool    // ENOKEY and ENOPKG of module_sig_check
	SigEnforce        bool    // module.sig_enforce
	Lockdown          bool    // lockdown=integrity: no module without a good signature
	Namespaces        bool    // symbol namespaces are checked (5.4)
	TaintInherit      bool    // inherit_taint (262e6ae7081d, 5.9)
	AsyncSyncAlways   bool    // the end of a load waits for all asynchronous work, not only if its init used some
	DeleteTruncates   bool    // delete_module cuts a long name off instead of refusing it
	OneLayout         bool    // one core and one init block of memory (before ac3b43283923, 6.4)
	FSWarning         string  // FSSilent, FSWarn, FSOnce
	HideAddresses     bool    // /proc/modules shows addresses only to who has CAP_SYSLOG (516fb7f2e73d, 4.15)
	HideSections      bool    // so do the files in sections (b25a7c5af905, 5.8)
	ModuleStats       bool    // CONFIG_MODULE_STATS (df3e764d8e5c, 6.4)
	DupsTrace         bool    // module.enable_dups_trace
	StaticHelper      string  // CONFIG_STATIC_USERMODEHELPER_PATH (64e90a8acb85, 4.11): "off", "empty", or the one program
	Workers           int     // helpers that are waited for at once (the unbound workqueue's max_active)
}

// Switch is one row of the table of switches.
type Switch struct {
	Name   string // "dup-rule"
	Values string // "A|B|C", "on|off", "N"
	Says   string // one sentence
	Source string // commit or file and version
	get    func(*Profile) string
	set    func(*Profile, string) error
}

// Switches returns the table of all switches.
func Switches() []Switch {
	return []Switch{
		choice("dup-rule", []string{"A", "B", "C"}, "What a load does when a module of its name is on the list already.",
			"6e6de3dee51a, 0254127ab977", func(p *Profile) *string { return (*string)(&p.DupRule) }),
		onOff("early-dup-check", "A load looks for a duplicate before it allocates memory.", "6.12, early_mod_check", func(p *Profile) *bool { return &p.EarlyDupCheck }),
		onOff("delete-wakes", "The end of an unload wakes those who wait for the name.", "5d603311615f, 5.3", func(p *Profile) *bool { return &p.DeleteWakes }),
		onOff("notifier-errors", "An error of a notifier told that a module is coming fails the load.", "5.10, prepare_coming_module", func(p *Profile) *bool { return &p.NotifierErrors }),
		onOff("cleanup-going", "A load that fails after it was formed shows as going.", "885a78d4a5b3, 4.10", func(p *Profile) *bool { return &p.CleanupGoing }),
		onOff("bug-cleanup-going", "A load that fails while its coming is announced shows as going.", "5e8ed280dab9, 5.10", func(p *Profile) *bool { return &p.BugCleanupGoing }),
		onOff("param-leak", "A load that fails after its parameters were parsed leaks their strings.", "fixed by a5544880aff9, 4.11", func(p *Profile) *bool { return &p.ParamLeak }),
		onOff("modinfo-leak", "A load that fails making its attribute files leaks their array.", "fixed about 5.4", func(p *Profile) *bool { return &p.ModinfoLeak }),
		onOff("usage-link-errors", "An error making the holders links fails the load.", "4.14, mod_sysfs_setup", func(p *Profile) *bool { return &p.UsageLinkErrors }),
		onOff("section-errors", "An error making the sections or notes directory fails the load.", "6.12, kernel/module/sysfs.c", func(p *Profile) *bool { return &p.SectionErrors }),
		onOff("early-uevent", "The ADD uevent is sent before init runs.", "until 38dc717e9715", func(p *Profile) *bool { return &p.EarlyUevent }),
		onOff("empty-path-error", "An empty modprobe_path makes a request fail with -ENOENT instead of returning 0.", "d7d27cfc5cf0, 5.7", func(p *Profile) *bool { return &p.EmptyPathIsError }),
		choice("limiter", []string{"reject", "throttle", "semaphore"}, "What happens to a request beyond the limit.",
			"6d7964a722af, 25a1b5b518f4", func(p *Profile) *string { return (*string)(&p.Limiter) }),
		number("kmod-max", 1, 1000, "How many requests may run at once.", "kernel/module/kmod.c, MAX_KMOD_CONCURRENT", func(p *Profile) *int { return &p.KmodMax }),
		onOff("idempotent", "Loads of the same file at once are done once, and all get that one's answer.", "9b9879fc0327, 6.5", func(p *Profile) *bool { return &p.Idempotent }),
		onOff("kernel-decompress", "The kernel unpacks compressed module files itself.", "5.17, kernel/module/decompress.c", func(p *Profile) *bool { return &p.KernelDecompress }),
		onOff("dup-merge", "Requests for a name that is being requested, or was in the last 60 s, share one answer.", "8660484ed1cf, 6.4", func(p *Profile) *bool { return &p.DupMerge }),
		onOff("sanity-check", "A request believes modprobe only when the module is live or built in.", "proposed in 2016, never merged", func(p *Profile) *bool { return &p.SanityCheck }),
		onOff("force-unload", "delete_module may be forced.", "CONFIG_MODULE_FORCE_UNLOAD", func(p *Profile) *bool { return &p.ForceUnload }),
		onOff("taints-before-check", "Taints that the file itself calls for are set before the duplicate check.", "to 6.1 check_modinfo; 6.12 module_augment_kernel_taints", func(p *Profile) *bool { return &p.TaintsBeforeCheck }),
		onOff("compressed-flag", "finit_module knows the flag for compressed files.", "5.17, MODULE_INIT_COMPRESSED_FILE", func(p *Profile) *bool { return &p.CompressedFlag }),
		onOff("idempotent-break", "A signal ends the wait for a load of the same file.", "2124d84db293, 6.11", func(p *Profile) *bool { return &p.IdempotentBreak }),
		onOff("blacklist-first", "module_blacklist= is looked at before the CRC of struct module.", "6.1 load_module; the other way round in 4.9", func(p *Profile) *bool { return &p.BlacklistFirst }),
		choice("elf-checks", []string{ELFSilent, ELFChecked, ELFStrict}, "How strictly an ELF image is checked, and whether the log says what is wrong.",
			"elf_validity_check, 6.1 and 6.12", func(p *Profile) *string { return &p.ELFChecks }),
		choice("audit", []string{AuditOff, AuditLoad, AuditEarly}, "When a load writes an audit record: never, before it goes on the list, or also when it is refused earlier.",
			"audit_log_kern_module, 4.14 and 6.12", func(p *Profile) *string { return &p.Audit }),
		onOff("sig-old-errors", "A signature check that fails answers ENOKEY and ENOPKG, not EKEYREJECTED.", "4.14 kernel/module.c; 6.1 kernel/module/signing.c", func(p *Profile) *bool { return &p.SigOldErrors }),
		onOff("sig-enforce", "Modules without a good signature are refused.", "module.sig_enforce", func(p *Profile) *bool { return &p.SigEnforce }),
		onOff("lockdown", "The kernel is locked down: modules without a good signature are EPERM.", "6.1 kernel/module/signing.c, LOCKDOWN_MODULE_SIGNATURE", func(p *Profile) *bool { return &p.Lockdown }),
		onOff("namespaces", "Symbols of a namespace that was not imported are refused.", "5.4, verify_namespace_is_imported", func(p *Profile) *bool { return &p.Namespaces }),
		onOff("taint-inherit", "A module that uses a proprietary one becomes proprietary.", "262e6ae7081d, 5.9", func(p *Profile) *bool { return &p.TaintInherit }),
		onOff("async-sync-always", "The end of a load waits for all asynchronous work, not only when its init started some.", "6.1 do_init_module; 4.9 PF_USED_ASYNC", func(p *Profile) *bool { return &p.AsyncSyncAlways }),
		onOff("delete-truncates", "delete_module cuts off a name of 56 bytes or more instead of answering ENOENT.", "4.9 and 4.14 delete_module", func(p *Profile) *bool { return &p.DeleteTruncates }),
		onOff("one-layout", "A module has one block of core and one of init memory, each a page larger in the measured module.", "before ac3b43283923, 6.4", func(p *Profile) *bool { return &p.OneLayout }),
		choice("fs-warning", []string{FSSilent, FSWarn, FSOnce}, "What get_fs_type says when the request returned 0 and there is no such file system.",
			"41124db869b7, 4.13; 26c5d78c976c, 5.7", func(p *Profile) *string { return &p.FSWarning }),
		onOff("hide-addresses", "Addresses in /proc/modules are zero for readers without CAP_SYSLOG.", "516fb7f2e73d, 4.15; before, kptr_restrict=0", func(p *Profile) *bool { return &p.HideAddresses }),
		onOff("hide-sections", "Addresses in the files of sections are zero for readers without CAP_SYSLOG.", "b25a7c5af905, 5.8; before, kptr_restrict=0", func(p *Profile) *bool { return &p.HideSections }),
		onOff("module-stats", "Wasted loads are counted.", "CONFIG_MODULE_STATS, 6.4", func(p *Profile) *bool { return &p.ModuleStats }),
		onOff("dups-trace", "Each duplicate request warns with a stack dump.", "module.enable_dups_trace, 6.4", func(p *Profile) *bool { return &p.DupsTrace }),
		choice("static-helper", []string{"off", "empty", "/sbin/modprobe", "/sbin/usermode-helper"}, "All helpers go through one fixed program; an empty one makes each call return 0.",
			"64e90a8acb85, 4.11, CONFIG_STATIC_USERMODEHELPER", func(p *Profile) *string { return &p.StaticHelper }),
		number("workers", 1, 100000, "How many helpers may be waited for at once.", "6.12 WQ_MAX_ACTIVE 512; 6.1 at least 512", func(p *Profile) *int { return &p.Workers }),
	}
}

// Profiles returns the named profiles, oldest first.
func Profiles() []Profile {
	v49 := Profile{
		Name: "v4.9", DupRule: RuleA, ParamLeak: true, ModinfoLeak: true, EarlyUevent: true,
		Limiter: Reject, KmodMax: 50, ForceUnload: true, TaintsBeforeCheck: true,
		ELFChecks: ELFSilent, Audit: AuditOff, SigOldErrors: true, DeleteTruncates: true, OneLayout: true,
		FSWarning: FSSilent, StaticHelper: "off", Workers: 512,
	}
	v414 := v49
	v414.Name, v414.ParamLeak, v414.CleanupGoing, v414.UsageLinkErrors = "v4.14", false, true, true
	v414.Limiter, v414.Audit, v414.FSWarning = Throttle, AuditLoad, FSWarn
	v61 := Profile{
		Name: "v6.1", DupRule: RuleC, DeleteWakes: true, NotifierErrors: true, CleanupGoing: true, BugCleanupGoing: true,
		UsageLinkErrors: true, EmptyPathIsError: true, Limiter: Throttle, KmodMax: 50, ForceUnload: true, TaintsBeforeCheck: true,
		CompressedFlag: true, BlacklistFirst: true, ELFChecks: ELFChecked, Audit: AuditLoad,
		Namespaces: true, TaintInherit: true, AsyncSyncAlways: true, OneLayout: true, FSWarning: FSOnce,
		HideAddresses: true, HideSections: true,
		StaticHelper: "off", Workers: 512,
	}
	v612 := v61
	v612.Name, v612.EarlyDupCheck, v612.SectionErrors = "v6.12", true, true
	v612.Limiter, v612.Idempotent, v612.KernelDecompress, v612.TaintsBeforeCheck = Semaphore, true, true, false
	v612.IdempotentBreak, v612.ELFChecks, v612.Audit, v612.OneLayout = true, ELFStrict, AuditEarly, false
	return []Profile{v49, v414, v61, v612}
}

// ParseProfile reads "v6.12" or "v6.12,dup-rule=A,kmod-max=2": a profile and
// switches thrown on top of it. No name means the newest.
func ParseProfile(text string) (Profile, error) {
	name, rest, _ := strings.Cut(text, ",")
	all := Profiles()
	p := all[len(all)-1]
	if name != "" {
		found := false
		var names []string
		for _, q := range all {
			names = append(names, q.Name)
			if q.Name == name {
				p, found = q, true
			}
		}
		if !found {
			return Profile{}, fmt.Errorf("no profile %q: there are %s", name, strings.Join(names, ", "))
		}
	}
	for _, s := range strings.FieldsFunc(rest, func(r rune) bool { return r == ',' }) {
		if err := p.Set(s); err != nil {
			return Profile{}, err
		}
	}
	return p, nil
}

// Set throws one switch, given as "name=value".
func (p *Profile) Set(text string) error {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return fmt.Errorf("switch %q: want name=value", text)
	}
	var names []string
	for _, s := range Switches() {
		if s.Name == name {
			return s.set(p, value)
		}
		names = append(names, s.Name)
	}
	return fmt.Errorf("no switch %q: there are %s", name, strings.Join(names, ", "))
}

// Get returns the position of a switch, "" when there is no such switch.
func (p *Profile) Get(name string) string {
	for _, s := range Switches() {
		if s.Name == name {
			return s.get(p)
		}
	}
	return ""
}

func onOff(name, says, source string, field func(*Profile) *bool) Switch {
	return Switch{
		Name: name, Values: "on|off", Says: says, Source: source,
		get: func(p *Profile) string {
			if *field(p) {
				return "on"
			}
			return "off"
		},
		set: func(p *Profile, v string) error {
			if v != "on" && v != "off" {
				return fmt.Errorf("switch %s: %q is neither on nor off", name, v)
			}
			*field(p) = v == "on"
			return nil
		},
	}
}

func choice(name string, values []string, says, source string, field func(*Profile) *string) Switch {
	return Switch{
		Name: name, Values: strings.Join(values, "|"), Says: says, Source: source,
		get: func(p *Profile) string { return *field(p) },
		set: func(p *Profile, v string) error {
			for _, ok := range values {
				if v == ok {
					*field(p) = v
					return nil
				}
			}
			return fmt.Errorf("switch %s: %q is none of %s", name, v, strings.Join(values, ", "))
		},
	}
}

func number(name string, low, high int, says, source string, field func(*Profile) *int) Switch {
	return Switch{
		Name: name, Values: "N", Says: says, Source: source,
		get: func(p *Profile) string { return strconv.Itoa(*field(p)) },
		set: func(p *Profile, v string) error {
			n, err := strconv.Atoi(v)
			if err != nil || n < low || n > high {
				return fmt.Errorf("switch %s: %q is not a number from %d to %d", name, v, low, high)
			}
			*field(p) = n
			return nil
		},
	}
}
