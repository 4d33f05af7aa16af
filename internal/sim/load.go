package sim

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Via says by which system call a module is loaded.
type Via uint8

// The two system calls.
const (
	ViaFinit Via = iota // finit_module(2): the kernel reads the file
	ViaInit             // init_module(2): the caller hands over the image
)

// anyForce are the flags that pass over a check of the module.
const anyForce = kernel.IgnoreModversions | kernel.IgnoreVermagic

// Load is finit_module or init_module by this thread (kernel/module/main.c):
// it returns 0 or the errno that user space sees, negative as the kernel does.
// init_module takes no flags.
func (t *Thread) Load(f *File, args string, via Via, flags kernel.InitFlags) int64 {
	if e := t.Point("L0", nil, trace.Event{Name: f.Spec.Name, Detail: f.Path}); e != 0 {
		return -int64(e)
	}
	w := t.w
	if w.modulesDisabled { // may_init_module
		return -int64(EPERM)
	}
	if via == ViaInit {
		return t.loadImage(f, args, via, 0)
	}
	known := anyForce
	if w.Profile.CompressedFlag {
		known |= kernel.CompressedFile
	}
	if flags&^known != 0 {
		return -int64(EINVAL)
	}
	if w.Profile.Idempotent {
		return t.idempotentLoad(f, args, flags)
	}
	return t.loadImage(f, args, via, flags)
}

// loadImage is L1 (init_module_from_file, or copy_module_from_user) and the
// call of load_module; what user space sees of ERESTARTSYS is EINTR.
func (t *Thread) loadImage(f *File, args string, via Via, flags kernel.InitFlags) int64 {
	w := t.w
	m := &Module{Spec: f.Spec, Name: f.Spec.Name, State: trace.Unformed, Loader: t}
	if e := t.Point("L1", nil, trace.Event{Name: m.Name}); e != 0 {
		w.count(&w.stats.FailedReads, &w.stats.InvalidReadBytes, f.size())
		return -int64(e)
	}
	t.take(KindImage, m, "")
	ret := -int64(t.readImage(f, m, via, flags))
	if ret == 0 {
		m.packed = f.Compressed && via == ViaFinit && flags&kernel.CompressedFile == 0
		ret = t.loadModule(m, args, flags)
	}
	t.freeImage(m)
	if ret == -int64(ERESTARTSYS) {
		return -int64(EINTR)
	}
	return ret
}

// readImage is what can go wrong with the file itself: too short for an ELF
// header (copy_module_from_user), or not to be unpacked (module_decompress,
// 5.17; where the kernel was built without it the answer is EOPNOTSUPP).
func (t *Thread) readImage(f *File, m *Module, via Via, flags kernel.InitFlags) Errno {
	w := t.w
	var e Errno
	switch {
	case via == ViaInit && m.Spec.Defects.Short:
		w.count(&w.stats.FailedReads, &w.stats.InvalidReadBytes, f.size())
		return ENOEXEC
	case flags&kernel.CompressedFile == 0:
		return 0
	case !w.Profile.KernelDecompress:
		e = EOPNOTSUPP
	case !f.Compressed:
		e = EINVAL
	}
	if e != 0 {
		w.count(&w.stats.FailedDecompress, &w.stats.InvalidDecompressBytes, f.size())
	}
	return e
}

// freeImage is free_copy: at L16, or where a failed load ends.
func (t *Thread) freeImage(m *Module) {
	if !m.imageFreed {
		m.imageFreed = true
		t.give(KindImage, m, "")
	}
}

// loadModule is load_module: L2 to L19. Each errno leaves by the ladder of
// failure.go that undoes just what was done.
func (t *Thread) loadModule(m *Module, args string, flags kernel.InitFlags) int64 {
	w := t.w
	e := t.checkImage(m, flags)
	if e == 0 {
		e = t.Point("L5", m, trace.Event{})
	}
	if e != 0 {
		if w.Profile.Audit == AuditEarly {
			w.auditLoad(m)
		}
		w.count(&w.stats.FailedBecoming, &w.stats.InvalidBecomingBytes, m.fileSize())
		m.freed = true
		return -int64(e)
	}
	t.take(KindMemory, m, "")
	w.place(m)
	if w.Profile.Audit != AuditOff {
		w.auditLoad(m)
	}
	if e := t.insert(m); e != 0 {
		return t.failAt(ladderMemory, m, e)
	}
	e = t.Point("L7", m, trace.Event{})
	w.taintInserted(m)
	if e != 0 {
		return t.failAt(ladderUnlink, m, e)
	}
	if m.Spec.PerCPU {
		t.take(KindPerCPU, m, "")
		m.perCPU = true
	}
	m.Refs = 2 // the base and one for the load itself (module_unload_init)
	if e := t.resolveSymbols(m); e != 0 {
		return t.failAt(ladderUses, m, e)
	}
	if e := t.Point("L9", m, trace.Event{Detail: args}); e != 0 {
		return t.failAt(ladderUses, m, e)
	}
	t.take(KindArgs, m, "")
	t.pass("L10", m, trace.Event{})
	if e := t.form(m); e != 0 {
		return t.failAt(ladderArgs, m, e)
	}
	if e := t.Point("L12", m, trace.Event{}); e != 0 && w.Profile.NotifierErrors {
		// blocking_notifier_call_chain_robust: those that were told hear GOING.
		t.note("U3", m, trace.Event{Detail: "notifiers that had been told of its coming"})
		return t.failAt(ladderBug, m, e)
	}
	if e := t.parseArgs(m, args); e != 0 {
		return t.failAt(ladderComing, m, e)
	}
	if e := t.sysfsSetup(m); e != 0 {
		return t.failAt(ladderComing, m, e)
	}
	if e := t.Point("L15", m, trace.Event{}); e != 0 {
		return t.failAt(ladderSysfs, m, e)
	}
	t.freeImage(m)
	t.note(trace.PointModuleLoad, m, trace.Event{})
	return t.doInit(m)
}

// auditLoad is audit_log_kern_module (kernel/auditsc.c, 4.14).
func (w *World) auditLoad(m *Module) {
	name := m.Name
	if m.Spec.Defects.BadELF || m.Spec.Defects.Short || m.packed {
		name = "?" // 6.12: not known that early
	}
	w.audit = append(w.audit, `type=KERN_MODULE name="`+name+`"`)
}

// insert is add_unformed_module: L6, under module_mutex.
func (t *Thread) insert(m *Module) Errno {
	if e := t.Point("L6", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	e := t.checkDuplicate(m.Name, false)
	if e == 0 {
		w.list = slices.Insert(w.list, 0, m)
		m.onList = true
	}
	t.Unlock(&w.mm)
	return e
}

// form is complete_formation: L11, under module_mutex. From here on its
// symbols can be found, though not used (verify_exported_symbols).
func (t *Thread) form(m *Module) Errno {
	if e := t.Point("L11", m, trace.Event{}); e != 0 {
		return e
	}
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	for _, sym := range m.Spec.Exports {
		owner := "kernel"
		if o := w.exporter(sym); o != nil {
			owner = o.Name
		} else if !m.Spec.Defects.DupExport {
			continue
		}
		w.printk("%s: exports duplicate symbol %s (owned by %s)", m.Name, sym, owner)
		return ENOEXEC
	}
	for _, sym := range m.Spec.Exports {
		w.setExporter(sym, m)
	}
	m.State = trace.Coming
	return 0
}
