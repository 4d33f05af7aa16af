package sim

import "example.org/kmodsh/internal/trace"

// Module is the model of one struct module (include/linux/module.h). It exists
// from the moment a load has allocated it until it is freed.
type Module struct {
	Spec  *Spec
	Name  string
	State trace.State
	// Refs is the raw reference counter: one more than user space is shown.
	Refs int64
	// Uses are the modules this one holds a reference on; Users those that
	// hold one on this (source_list and target_list).
	Uses, Users []*Module
	// Sysfs is how much of /sys/module/NAME exists.
	Sysfs Sysfs
	// InitGone says that init memory was given back.
	InitGone bool
	Taints   string
	// Args are the parameters as parsed, in order.
	Args []Arg
	// Loader is the thread that loads it.
	Loader *Thread

	onList bool
}

// Arg is one parsed parameter.
type Arg struct {
	Name, Value string
	owned       bool // its string was allocated and must be destroyed
}

// Sysfs says which parts of a module's directory exist; each is made and
// removed on its own, in order (W2 to W8).
type Sysfs struct {
	Dir, Holders, Parameters bool
	Files                    []string // attribute files, in the order made
	Links                    bool     // this module's links in its dependencies' holders
	Sections, Notes          bool
}

// Initstate says whether the initstate file exists.
func (s *Sysfs) Initstate() bool {
	for _, f := range s.Files {
		if f == "initstate" {
			return true
		}
	}
	return false
}

// ShownRefs is the reference count as /proc/modules prints it.
func (m *Module) ShownRefs() int64 { return m.Refs - 1 }

// Size is the size column of /proc/modules.
func (m *Module) Size() int64 {
	if m.InitGone {
		return m.Spec.CoreSize
	}
	return m.Spec.CoreSize + m.Spec.InitSize
}
