package sim

import (
	"slices"

	"example.org/kmodsh/internal/trace"
)

// attributeFiles are the attribute files of modules without and with version,
// and without and with srcversion, in the order they are made
// (kernel/module/main.c, modinfo_attrs; kernel/params.c).
var attributeFiles = [2][2][]string{
	{
		{"uevent", "initstate", "coresize", "initsize", "taint", "refcnt"},
		{"uevent", "srcversion", "initstate", "coresize", "initsize", "taint", "refcnt"},
	},
	{
		{"uevent", "version", "initstate", "coresize", "initsize", "taint", "refcnt"},
		{"uevent", "version", "srcversion", "initstate", "coresize", "initsize", "taint", "refcnt"},
	},
}

// attributes returns the attribute files of a module in the order they are
// made. Nobody may change them.
func (m *Module) attributes() []string {
	version, srcversion := 0, 0
	if m.Spec.Version {
		version = 1
	}
	if m.Spec.SrcVersion {
		srcversion = 1
	}
	return attributeFiles[version][srcversion]
}

// sysfsSetup is mod_sysfs_setup: W0 to W9. On an error it undoes itself
// (kernel/module.c 4.9 and 4.14, kernel/module/sysfs.c 6.1 and 6.12). The
// thread holds no lock but at W6, and stops between any two things that can be
// seen one without the other.
func (t *Thread) sysfsSetup(m *Module) Errno {
	w, s := t.w, &m.Sysfs
	if e := t.Point("L14", m, trace.Event{}); e != 0 {
		return e
	}
	if e := t.pass("W0", m, trace.Event{}); e != 0 {
		return e
	}
	e := t.pass("W1", m, trace.Event{})
	if w.dirs[m.Name] || w.dirOf(m.Name) != nil {
		w.printk("%s: module is already loaded", m.Name)
		return EINVAL
	}
	if e != 0 {
		return e
	}
	if e := t.pass("W2", m, trace.Event{}); e != 0 {
		return e
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
	s.Parameters = slices.ContainsFunc(m.Spec.Params, func(p ParamSpec) bool { return !p.Hidden })
	if e := t.addAttributes(m); e != 0 {
		t.sysfsUndo(m)
		return e
	}
	if e := t.addUsageLinks(m); e != 0 {
		t.removeAttributes(m)
		t.sysfsUndo(m)
		return e
	}
	for _, part := range []struct {
		point string
		made  *bool
	}{{"W7", &s.Sections}, {"W8", &s.Notes}} {
		e := t.Point(part.point, m, trace.Event{})
		if *part.made = e == 0; e != 0 && w.Profile.SectionErrors {
			t.delUsageLinks(m)
			t.removeAttributes(m)
			t.sysfsUndo(m)
			return e
		}
	}
	if w.Profile.EarlyUevent {
		t.note("W9", m, trace.Event{Detail: "uevent ADD"})
		w.uevent("add", m)
	}
	return 0
}

// addAttributes is module_add_modinfo_attrs: W5. Where one file cannot be
// made, kernels up to about 5.4 forget the array that was made for all.
func (t *Thread) addAttributes(m *Module) Errno {
	t.at = "W5"
	t.take(KindModinfo, m, "")
	all := m.attributes()
	for i, f := range all {
		if e := t.Point("W5", m, trace.Event{Detail: f}); e != 0 {
			if t.w.Profile.ModinfoLeak {
				m.Sysfs.Files = nil
			} else {
				t.removeAttributes(m)
			}
			return e
		}
		m.Sysfs.Files = all[: i+1 : i+1]
	}
	return 0
}

// removeAttributes is module_remove_modinfo_attrs.
func (t *Thread) removeAttributes(m *Module) {
	m.Sysfs.Files = nil
	t.give(KindModinfo, m, "")
}

// addUsageLinks is add_usage_links: W6. It was taken for granted up to 4.13.
func (t *Thread) addUsageLinks(m *Module) (e Errno) {
	w := t.w
	t.Lock(&w.mm, Uninterruptible)
	defer t.Unlock(&w.mm)
	for _, o := range m.Uses {
		if failed := t.pass("W6", m, trace.Event{Detail: "holders of " + o.Name}); failed != 0 {
			if w.Profile.UsageLinkErrors {
				m.Sysfs.Linked = nil
				return failed
			}
			continue
		}
		m.Sysfs.Linked = append(m.Sysfs.Linked, o)
	}
	return 0
}

// delUsageLinks is del_usage_links.
func (t *Thread) delUsageLinks(m *Module) {
	t.Lock(&t.w.mm, Uninterruptible)
	m.Sysfs.Linked = nil
	t.Unlock(&t.w.mm)
}

// sysfsUndo removes what is left of the directory when sysfsSetup fails half
// way (the labels at its end).
func (t *Thread) sysfsUndo(m *Module) { m.Sysfs = Sysfs{} }

// sysfsTeardown is mod_sysfs_teardown: links, attribute files, parameters,
// holders, notes and sections, and the directory last. Between the files and
// the directory lies the mirror of the built-in race's window.
func (t *Thread) sysfsTeardown(m *Module) {
	t.delUsageLinks(m)
	t.Point("U5", m, trace.Event{})
	t.removeAttributes(m)
	t.Point("U6", m, trace.Event{})
	m.Sysfs = Sysfs{}
	t.w.uevent("remove", m)
}

// Holders returns the entries of a module's holders directory, in the order of
// the list: the modules whose links are made. Between L8 and W6 a module
// holds a reference and has no link yet.
func (w *World) Holders(m *Module) []string {
	var names []string
	for _, u := range w.list {
		if slices.Contains(u.Sysfs.Linked, m) {
			names = append(names, u.Name)
		}
	}
	return names
}

// dirOf returns the module whose directory /sys/module/NAME is.
func (w *World) dirOf(name string) *Module {
	for _, m := range w.list {
		if m.Name == name && m.Sysfs.Dir {
			w.sawDir(name, m)
			return m
		}
	}
	w.sawDir(name, nil)
	return nil
}

// List returns the entries of the module's directory, sorted.
func (s *Sysfs) List() []string {
	if !s.Dir {
		return nil
	}
	names := slices.Clone(s.Files)
	for _, dir := range []struct {
		name string
		is   bool
	}{{"holders", s.Holders}, {"parameters", s.Parameters}, {"sections", s.Sections}, {"notes", s.Notes}} {
		if dir.is {
			names = append(names, dir.name)
		}
	}
	slices.Sort(names)
	return names
}
