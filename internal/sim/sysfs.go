package sim

import (
	"slices"

	"example.org/kmodsh/internal/trace"
)

// attributes returns the attribute files of a module in the order they are
// made (kernel/module/main.c, modinfo_attrs; kernel/params.c).
func (m *Module) attributes() []string {
	files := []string{"uevent"}
	if m.Spec.Version {
		files = append(files, "version")
	}
	if m.Spec.SrcVersion {
		files = append(files, "srcversion")
	}
	return append(files, "initstate", "coresize", "initsize", "taint", "refcnt")
}

// sysfsSetup is mod_sysfs_setup: W0 to W9. On an error it undoes itself.
func (t *Thread) sysfsSetup(m *Module) Errno {
	w, s := t.w, &m.Sysfs
	if e := t.Point("L14", m, trace.Event{}); e != 0 {
		return e
	}
	if w.dirs[m.Name] || w.dirOf(m.Name) != nil {
		w.printk("%s: module is already loaded", m.Name)
		return EINVAL
	}
	s.Dir = true
	if e := t.Point("W3", m, trace.Event{}); e != 0 {
		t.sysfsUndo(m)
		return e
	}
	s.Holders = true
	if e := t.Point("W4", m, trace.Event{}); e != 0 {
		t.sysfsUndo(m)
		return e
	}
	s.Parameters = len(m.Spec.Params) > 0
	for _, f := range m.attributes() {
		if e := t.Point("W5", m, trace.Event{Detail: f}); e != 0 {
			if w.Profile.ModinfoLeak {
				t.take(KindModinfo, m, "")
			}
			t.sysfsUndo(m)
			return e
		}
		s.Files = append(s.Files, f)
	}
	t.Lock(&w.mm, Uninterruptible)
	s.Links = true
	t.Unlock(&w.mm)
	if e := t.Point("W7", m, trace.Event{}); e != 0 && w.Profile.SectionErrors {
		t.sysfsUndo(m)
		return e
	}
	s.Sections = true
	if e := t.Point("W8", m, trace.Event{}); e != 0 && w.Profile.SectionErrors {
		t.sysfsUndo(m)
		return e
	}
	s.Notes = true
	if w.Profile.EarlyUevent {
		t.note("W9", m, trace.Event{Detail: "uevent ADD"})
	}
	return 0
}

// sysfsUndo removes what sysfsSetup made when it fails half way.
func (t *Thread) sysfsUndo(m *Module) { m.Sysfs = Sysfs{} }

// sysfsTeardown is mod_sysfs_teardown: links, attribute files, parameters,
// holders, notes and sections, and the directory last. Between the files and
// the directory lies the mirror of the built-in race's window.
func (t *Thread) sysfsTeardown(m *Module) {
	w, s := t.w, &m.Sysfs
	t.Lock(&w.mm, Uninterruptible)
	s.Links = false
	t.Unlock(&w.mm)
	t.Point("U5", m, trace.Event{})
	s.Files = nil
	t.Point("U6", m, trace.Event{})
	s.Parameters = false
	s.Holders, s.Notes, s.Sections = false, false, false
	s.Dir = false
}

// dirOf returns the module whose directory /sys/module/NAME is.
func (w *World) dirOf(name string) *Module {
	i := slices.IndexFunc(w.list, func(m *Module) bool { return m.Name == name && m.Sysfs.Dir })
	if i < 0 {
		return nil
	}
	return w.list[i]
}

// List returns the entries of the module's directory, sorted.
func (s *Sysfs) List() []string {
	if !s.Dir {
		return nil
	}
	names := slices.Clone(s.Files)
	for name, is := range map[string]bool{"holders": s.Holders, "parameters": s.Parameters, "sections": s.Sections, "notes": s.Notes} {
		if is {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
