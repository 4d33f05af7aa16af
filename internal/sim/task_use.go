package sim

import (
	"slices"

	"example.org/kmodsh/internal/kernel"
)

// getFS is __get_fs_type (fs/filesystems.c): finds a registered type and takes
// a reference on its module, which succeeds while that module's init still
// runs. m is nil for a type that is built in.
func (t *Thread) getFS(name string) (m *Module, ok bool) {
	if m = t.w.provider("fs:" + name); m != nil {
		return m, t.tryGet(m)
	}
	return nil, t.w.builtins[name]
}

// getFSType is get_fs_type: looks the type up, requests fs-NAME when it is not
// there, believes only 0, and looks again.
func (s *System) getFSType(t *Thread, name string, o *Outcome) (m *Module, ok bool) {
	if m, ok = t.getFS(name); ok {
		o.Verdict = kernel.OK
		return m, true
	}
	if s.request(t, "fs-"+name, true, o) != 0 {
		return nil, false
	}
	if m, ok = t.getFS(name); ok {
		return m, true
	}
	w := t.w
	if w.Profile.FSWarning != FSSilent && w.once("no fs") {
		w.printk("request_module fs-%s succeeded, but still no fs?", name)
		if w.Profile.FSWarning == FSWarn {
			w.printk("WARNING: CPU: 0 PID: %d at get_fs_type", t.PID)
		}
	}
	return nil, false
}

// taskGetFS looks a file system type up and lets it go again. It returns 0 or
// -ENODEV.
func (s *System) taskGetFS(t *Thread, k Task, o *Outcome) int64 {
	m, ok := s.getFSType(t, k.Name, o)
	if !ok {
		return -int64(ENODEV)
	}
	if m != nil {
		t.put(m)
	}
	return 0
}

// taskMount keeps the type, and with it the reference, until taskUmount.
func (s *System) taskMount(t *Thread, k Task, o *Outcome) int64 {
	m, ok := s.getFSType(t, k.Name, o)
	if !ok {
		t.userspace()
		return -int64(ENODEV)
	}
	t.w.mounts = append(t.w.mounts, mount{k.Name, m})
	return 0
}

func (s *System) taskUmount(t *Thread, k Task, o *Outcome) int64 {
	w := t.w
	i := slices.IndexFunc(w.mounts, func(m mount) bool { return m.fs == k.Name })
	if i < 0 {
		return -int64(EINVAL)
	}
	if m := w.mounts[i].m; m != nil {
		t.put(m)
	}
	w.mounts = slices.Delete(w.mounts, i, i+1)
	return 0
}

// taskSymbol is symbol_request (include/linux/module.h): symbol_get, else
// request_module("symbol:NAME"), whose answer nobody looks at, and symbol_get
// again. It returns 0 or -ENOENT, and lets the symbol go.
func (s *System) taskSymbol(t *Thread, k Task, o *Outcome) int64 {
	m := t.symbolGet(k.Name)
	if m == nil {
		s.request(t, "symbol:"+k.Name, true, o)
		m = t.symbolGet(k.Name)
	}
	if m == nil {
		return -int64(ENOENT)
	}
	t.put(m)
	return 0
}

func (s *System) taskFirmware(t *Thread, _ Task, _ *Outcome) int64 { return t.FirmwareLock() }

func (s *System) taskSuspend(t *Thread, _ Task, _ *Outcome) int64 { return t.Freeze() }

func (s *System) taskResume(t *Thread, _ Task, _ *Outcome) int64 { return t.Thaw() }
