package kernel

import "context"

// What follows are abilities that some targets have beyond the interface; who
// wants one asks by a type assertion.

// Opened is implemented by a Target that can be opened with more than its name.
type Opened interface {
	// OpenedWith tells what a person gave; nothing is the zero Opening.
	OpenedWith() Opening
}

// Opening is what a person gave a target besides its name, without which the same
// name is another target.
type Opening struct {
	// Config are the paths of a configuration of modprobe in the place of the
	// target's own.
	Config []string
	// Tree is the module tree given to a simulated kernel.
	Tree string
	// Kernel is the release of a kernel that was named by a path.
	Kernel string
}

// Sysfs is implemented by a Kernel whose /sys/module can be looked into.
type Sysfs interface {
	// Attribute reads /sys/module/NAME/FILE.
	Attribute(name, file string) (string, error)
	// Holders lists /sys/module/NAME/holders, the modules that use one. They come
	// in the order of the directory, which is that of kmod's tools: the kernel
	// sorts it by a hash of the names, where /proc/modules has the latest first.
	Holders(name string) ([]string, error)
}

// HoldersOr lists the modules that use one as kmod's tools see them, or users
// where the kernel cannot be looked into.
func HoldersOr(k Kernel, name string, users []string) []string {
	if s, ok := k.(Sysfs); ok {
		if list, err := s.Holders(name); err == nil {
			return list
		}
	}
	return users
}

// Stopper is implemented by a Debugger whose threads do not stop at every point
// of the table.
type Stopper interface {
	// StopsAt lists the IDs of the points at which they do.
	StopsAt() []string
}

// Keeper is implemented by a Debugger that can keep its present position for
// another day.
type Keeper interface {
	// Keep keeps the present position under a name, made of letters, digits and
	// dashes, and returns the name of a target that begins there, as --on takes
	// it.
	Keep(ctx context.Context, name string) (target string, err error)
}

// Accountant is implemented by a Debugger that can say how much the kernel has
// allocated, for what cannot be seen of a module that failed to load.
type Accountant interface {
	// Account reads the numbers as they are now, once what is given back late
	// (by RCU, by a work queue) has been.
	Account(ctx context.Context) (Account, error)
}

// Account is what a kernel has allocated. Two of the same kernel can be
// compared, count by count.
type Account struct {
	// Counts are numbers that grow with what is allocated: bytes of vmalloc and
	// of per-cpu memory, objects of slabs.
	Counts []Count `json:"counts"`
	// Kmemleak are the objects that the kernel's own leak detector suspects;
	// HasKmemleak says whether it has one.
	Kmemleak    []string `json:"kmemleak,omitempty"`
	HasKmemleak bool     `json:"has_kmemleak"`
}

// Count is one number of an Account.
type Count struct {
	Name  string `json:"name"` // "vmalloc", "percpu", "slab kmalloc-32"
	Value int64  `json:"value"`
	Unit  string `json:"unit"` // "bytes", "objects"
	// Noise is by how much it moves by itself while nothing is loaded.
	Noise int64 `json:"noise"`
}
