package sim

import (
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// checkImage is L2 to L4: what is refused before anything is allocated, in the
// order of the profile's kernel (load_module, kernel/module.c 4.9 and 4.14;
// kernel/module/main.c 6.1; early_mod_check, 6.12). All of it comes before a
// duplicate is looked for, so that a broken file of a live module is ENOEXEC.
func (t *Thread) checkImage(m *Module, flags kernel.InitFlags) Errno {
	w, d := t.w, m.Spec.Defects
	if e := t.Point("L2", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	if e := w.checkSignature(m, flags); e != 0 {
		return e
	}
	if e := t.pass("L3", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	switch {
	case d.Short:
		w.elfMessage("Invalid ELF header len 2")
		return ENOEXEC
	case d.BadELF, m.packed:
		w.elfMessage("Invalid ELF header magic: != \x7fELF")
		return ENOEXEC
	case d.LooseELF && w.Profile.ELFChecks == ELFStrict:
		w.elfMessage("Only one .gnu.linkonce.this_module section must exist.")
		return ENOEXEC
	}
	var e Errno
	if w.Profile.EarlyDupCheck {
		e = t.Point("L4", m, trace.Event{State: trace.Absent}) // module_mutex is taken from here
	} else {
		e = t.pass("L4", m, trace.Event{State: trace.Absent})
	}
	if e == 0 {
		e = w.checkNames(m, flags)
	}
	if e != 0 {
		return e
	}
	if w.Profile.TaintsBeforeCheck {
		w.taintRead(m)
	}
	if !w.Profile.EarlyDupCheck {
		return 0
	}
	t.Lock(&w.mm, Uninterruptible)
	e = t.checkDuplicate(m.Name, true)
	t.Unlock(&w.mm)
	return e
}

// checkNames is what L4 looks at in the file.
func (w *World) checkNames(m *Module, flags kernel.InitFlags) Errno {
	var e Errno
	if w.Profile.BlacklistFirst {
		e = w.checkBlacklist(m)
	}
	if e == 0 {
		e = w.checkLayout(m, flags)
	}
	if e == 0 {
		e = w.checkBlacklist(m)
	}
	if e == 0 {
		e = w.checkVermagic(m, flags)
	}
	return e
}

// elfMessage is what elf_validity_check says of a bad file; older kernels
// say nothing.
func (w *World) elfMessage(s string) {
	if w.Profile.ELFChecks != ELFSilent {
		w.printk("%s", s)
	}
}

// checkSignature is module_sig_check (kernel/module.c 4.9 and 4.14,
// kernel/module/signing.c 6.1 and 6.12). A flag that passes over a check makes
// the signature count as missing.
func (w *World) checkSignature(m *Module, flags kernel.InitFlags) Errno {
	e := m.Spec.Defects.BadSignature
	reason := "unsigned module"
	switch {
	case flags&anyForce != 0:
		e = ENODATA
	case e == 0 && strings.Contains(m.Spec.Taint, "E"):
		e = ENODATA
	}
	switch e {
	case 0:
		return 0
	case ENODATA:
	case ENOKEY:
		reason = "module with unavailable key"
	case ENOPKG:
		if w.Profile.SigOldErrors {
			return e
		}
		reason = "module with unsupported crypto"
	default:
		return e // a bad signature is fatal always
	}
	m.unsigned = true
	switch {
	case w.Profile.SigEnforce && w.Profile.SigOldErrors:
		return ENOKEY
	case w.Profile.SigEnforce:
		w.printk("Loading of %s is rejected", reason)
		return EKEYREJECTED
	case w.Profile.Lockdown && !w.Profile.SigOldErrors:
		w.printk("Lockdown: insmod: unsigned module loading is restricted; see man kernel_lockdown.7")
		return EPERM
	}
	return 0
}

// checkLayout is check_modstruct_version: the CRC of struct module.
func (w *World) checkLayout(m *Module, flags kernel.InitFlags) Errno {
	if flags&kernel.IgnoreModversions != 0 {
		w.forced(m, `no symbol version for module_layout`)
		return 0
	}
	if m.Spec.Defects.BadLayoutCRC {
		w.printk("%s: disagrees about version of symbol module_layout", m.Name)
		return ENOEXEC
	}
	return 0
}

// checkBlacklist is module_blacklist= of the command line (blacklisted).
func (w *World) checkBlacklist(m *Module) Errno {
	if slices.Contains(w.blacklist, m.Name) {
		w.printk("Module %s is blacklisted", m.Name)
		return EPERM
	}
	return 0
}

// checkVermagic is check_modinfo.
func (w *World) checkVermagic(m *Module, flags kernel.InitFlags) Errno {
	if flags&kernel.IgnoreVermagic != 0 {
		w.forced(m, "bad vermagic")
		return 0
	}
	if m.Spec.Defects.BadVermagic {
		w.printk("%s: version magic '%s' should be '%s'", m.Name, m.Spec.vermagic(), w.vermagic)
		return ENOEXEC
	}
	return 0
}

// forced is try_to_force_load: allowed where CONFIG_MODULE_FORCE_LOAD is set,
// as in the kernels modelled.
func (w *World) forced(m *Module, reason string) {
	if !strings.Contains(w.taints, "F") {
		w.printk("%s: %s: kernel tainted.", m.Name, reason)
	}
	w.taint(m, 'F')
}

// taint is add_taint_module: the letter goes to the module and the kernel.
func (w *World) taint(m *Module, letter byte) {
	if strings.IndexByte(w.taints, letter) < 0 {
		w.taints += string(letter)
	}
	if strings.IndexByte(m.Taints, letter) < 0 {
		m.Taints = sortTaints(m.Taints + string(letter))
	}
}

// taintRead notes what the module's own fields say of it: out of tree,
// staging, livepatch. Up to 6.1 check_modinfo does it, before the duplicate
// check, so that a load which is refused taints the kernel all the same; 6.12
// does it in module_augment_kernel_taints, after insertion.
func (w *World) taintRead(m *Module) {
	for _, c := range []byte(m.Spec.Taint) {
		first := strings.IndexByte(w.taints, c) < 0
		switch c {
		case 'O':
			if first {
				w.printk("%s: loading out-of-tree module taints kernel.", m.Name)
			}
		case 'C':
			w.printk("%s: module is from the staging directory, the quality is unknown, you have been warned.", m.Name)
		case 'K':
			if first {
				w.printk("%s: tainting kernel with TAINT_LIVEPATCH", m.Name)
			}
		default:
			continue
		}
		w.taint(m, c)
	}
}

// taintInserted notes at L7 what taints only once the module is on the list:
// a missing signature (load_module) and the licence (check_module_license_and_versions;
// module_augment_kernel_taints, 6.12).
func (w *World) taintInserted(m *Module) {
	if !w.Profile.TaintsBeforeCheck {
		w.taintRead(m)
	}
	if m.unsigned {
		if w.once("module verification") {
			w.printk("%s: module verification failed: signature and/or required key missing - tainting kernel", m.Name)
		}
		w.taint(m, 'E')
	}
	if strings.Contains(m.Spec.Taint, "P") {
		if !strings.Contains(w.taints, "P") {
			w.printk("%s: module license '%s' taints kernel.", m.Name, m.Spec.license())
		}
		w.taint(m, 'P')
	}
}
