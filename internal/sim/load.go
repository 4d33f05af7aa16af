package sim

import (
	"slices"
	"time"

	"example.org/kmodsh/internal/trace"
)

// Via says by which system call a module is loaded.
type Via uint8

// The two system calls.
const (
	ViaFinit Via = iota // finit_module(2): the kernel reads the file
	ViaInit             // init_module(2): the caller hands over the image
)

// Load is finit_module or init_module by this thread (kernel/module/main.c):
// it returns 0 or the errno that user space sees, negative as the kernel does.
func (t *Thread) Load(f *File, args string, via Via, compressed bool) int64 {
	if e := t.Point("L0", nil, trace.Event{Name: f.Spec.Name, Detail: f.Path}); e != 0 {
		return -int64(e)
	}
	w := t.w
	if via == ViaFinit && f.Compressed && (!compressed || !w.Profile.KernelDecompress) {
		// A compressed file read as it is has no ELF header; the flag is
		// unknown to kernels that cannot unpack (finit_module, flag check).
		if compressed {
			return -int64(EINVAL)
		}
		return -int64(ENOEXEC)
	}
	if via == ViaFinit && w.Profile.Idempotent {
		return t.idempotentLoad(f, args)
	}
	return t.loadImage(f, args, via)
}

// loadImage is L1 (init_module_from_file, or copy_module_from_user) and the
// call of load_module; what user space sees of ERESTARTSYS is EINTR.
func (t *Thread) loadImage(f *File, args string, via Via) int64 {
	if e := t.Point("L1", nil, trace.Event{Name: f.Spec.Name}); e != 0 {
		return -int64(e)
	}
	if f.Spec.Defects.Short {
		return -int64(ENOEXEC)
	}
	ret := t.loadModule(f, args)
	if ret == -int64(ERESTARTSYS) {
		return -int64(EINTR)
	}
	return ret
}

// loadModule is load_module: L2 to L19. Each errno leaves by the ladder of
// failure.go that undoes just what was done.
func (t *Thread) loadModule(f *File, args string) int64 {
	w, spec := t.w, f.Spec
	m := &Module{Spec: spec, Name: spec.Name, State: trace.Unformed, Loader: t}
	if e := t.checkImage(m); e != 0 {
		return -int64(e)
	}
	if e := t.Point("L5", m, trace.Event{}); e != 0 {
		return -int64(e)
	}
	t.take(KindMemory, m, "")
	if e := t.insert(m); e != 0 {
		return t.failAt(ladderMemory, m, e)
	}
	if e := t.Point("L7", m, trace.Event{}); e != 0 {
		return t.failAt(ladderUnlink, m, e)
	}
	w.taint(m)
	if spec.PerCPU {
		t.take(KindPerCPU, m, "")
	}
	m.Refs = 2 // the base and one for the load itself (module_unload_init)
	if e := t.resolveSymbols(m); e != 0 {
		return t.failAt(ladderUses, m, e)
	}
	if e := t.Point("L9", m, trace.Event{Detail: args}); e != 0 {
		return t.failAt(ladderUses, m, e)
	}
	t.take(KindArgs, m, "")
	t.note("L10", m, trace.Event{})
	if e := t.form(m); e != 0 {
		return t.failAt(ladderArgs, m, e)
	}
	if e := t.Point("L12", m, trace.Event{}); e != 0 && w.Profile.NotifierErrors {
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
	t.note(trace.PointModuleLoad, m, trace.Event{})
	return t.doInit(m)
}

// checkImage is L2 to L4: what is refused before anything is allocated. The
// order is that of the profile's kernel, as far as it can be told apart.
func (t *Thread) checkImage(m *Module) Errno {
	d := m.Spec.Defects
	if e := t.Point("L2", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	if d.BadSignature != 0 {
		return d.BadSignature
	}
	if d.BadELF {
		return ENOEXEC
	}
	if d.BadLayoutCRC || d.BadVermagic {
		t.w.printk("%s: version magic does not match", m.Name)
		return ENOEXEC
	}
	if t.w.Profile.TaintsBeforeCheck {
		t.w.taint(m)
	}
	if !t.w.Profile.EarlyDupCheck {
		return 0
	}
	if e := t.Point("L4", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	t.Lock(&t.w.mm, Uninterruptible)
	e := t.checkDuplicate(m.Name)
	t.Unlock(&t.w.mm)
	return e
}

// insert is add_unformed_module: L6, under module_mutex.
func (t *Thread) insert(m *Module) Errno {
	if e := t.Point("L6", m, trace.Event{State: trace.Absent}); e != 0 {
		return e
	}
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	if e := t.checkDuplicate(m.Name); e != 0 {
		return e
	}
	w.list = slices.Insert(w.list, 0, m)
	m.onList = true
	return 0
}

// form is complete_formation: L11, under module_mutex.
func (t *Thread) form(m *Module) Errno {
	if e := t.Point("L11", m, trace.Event{}); e != 0 {
		return e
	}
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	for _, sym := range m.Spec.Exports {
		if owner := w.symbols[sym]; owner != nil || m.Spec.Defects.DupExport {
			w.printk("%s: exports duplicate symbol %s", m.Name, sym)
			return ENOEXEC
		}
	}
	for _, sym := range m.Spec.Exports {
		w.symbols[sym] = m
	}
	m.State = trace.Coming
	return 0
}

// doInit is do_init_module: L17 to L19.
func (t *Thread) doInit(m *Module) int64 {
	w := t.w
	if e := t.Point("L17", m, trace.Event{}); e != 0 {
		return t.failInit(m, e)
	}
	t.take(KindInit, m, "")
	if e := t.runInit(m); e != 0 {
		w.ledger.give(KindInit, m.Name, "")
		return t.failInit(m, e)
	}
	m.State = trace.Live
	t.Point("L18", m, trace.Event{})
	t.Lock(&w.mm, Uninterruptible)
	t.put(m)
	m.InitGone = true
	w.ledger.give(KindInit, m.Name, "")
	w.ledger.give(KindArgs, m.Name, "")
	t.Unlock(&w.mm)
	t.note("L19", m, trace.Event{Ret: trace.Int(0)})
	w.wake(&w.wq, -1)
	return 0
}

// runInit is the module's own init function: it registers what it provides at
// once, then requests, sleeps and returns as its body and parameters say.
func (t *Thread) runInit(m *Module) Errno {
	b := m.body()
	for _, what := range b.Provides {
		t.w.provided[what] = m
	}
	for _, name := range b.Requests {
		t.RequestModule(name, true)
	}
	if b.InitSleep > 0 {
		t.Sleep(b.InitSleep, "the init function of "+m.Name)
	}
	if b.InitRet != 0 {
		t.withdraw(m)
		return b.InitRet
	}
	if b.InitPos {
		t.w.printk("%s: init suspiciously returned a positive number, it should follow 0/-E convention", m.Name)
	}
	return 0
}

// withdraw takes back what the module registered.
func (t *Thread) withdraw(m *Module) {
	for _, what := range m.Spec.Body.Provides {
		if t.w.provided[what] == m {
			delete(t.w.provided, what)
		}
	}
}

// body returns what the module's code does, its parameters applied.
func (m *Module) body() Body {
	b := m.Spec.Body
	for _, a := range m.Args {
		n, ok := parseInt(a.Value)
		if !ok {
			continue
		}
		switch a.Name {
		case "init_ms":
			b.InitSleep = time.Duration(n) * time.Millisecond
		case "exit_ms":
			b.ExitSleep = time.Duration(n) * time.Millisecond
		case "init_ret":
			if n < 0 {
				b.InitRet = Errno(-n)
			}
			b.InitPos = n > 0
		}
	}
	return b
}

// taint adds the module's taint letters to its own and the kernel's.
func (w *World) taint(m *Module) {
	for _, c := range m.Spec.Taint {
		if !containsRune(w.taints, c) {
			w.taints += string(c)
		}
		if !containsRune(m.Taints, c) {
			m.Taints += string(c)
		}
	}
}

func containsRune(s string, r rune) bool {
	for _, c := range s {
		if c == r {
			return true
		}
	}
	return false
}
