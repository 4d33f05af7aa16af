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

	base       uint64 // address of its memory
	onList     bool
	freed      bool // its memory was given back, or the load ended before it had any
	packed     bool // the image is compressed, and nobody unpacks it
	imageFreed bool
	perCPU     bool
	unsigned   bool
	usesGPL    bool // resolved a symbol for GPL-compatible modules only
	announced  bool // an ADD uevent was sent
	opened     bool // somebody holds its initstate file open
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
	Files                    []string  // attribute files, in the order made
	Linked                   []*Module // dependencies whose holders directory has a link to this module
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

// fileSize is the size in bytes of the image the module came from.
func (m *Module) fileSize() int64 { return m.Spec.CoreSize + m.Spec.InitSize }

// Size is the size column of /proc/modules: core and init memory while init
// memory is there, core only afterwards.
func (w *World) Size(m *Module) int64 {
	extra := int64(0)
	if w.Profile.OneLayout {
		extra = pageSize
	}
	size := m.Spec.CoreSize + extra
	if !m.InitGone && m.Spec.InitSize > 0 {
		size += m.Spec.InitSize + extra
	}
	return size
}

// pageSize is by how much core and init memory of the measured test module
// were larger before 6.4 (module_layout became module_memory, ac3b43283923):
// 16384 and 12288 bytes on 6.1, 12288 and 8192 on 6.12.
const pageSize = 4096
