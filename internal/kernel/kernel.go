package kernel

import (
	"context"
	"io/fs"
	"time"

	"example.org/kmodsh/internal/trace"
)

// InitFlags are the flags of finit_module(2).
type InitFlags int

// The flags, with the values of include/uapi/linux/module.h.
const (
	IgnoreModversions InitFlags = 1 // MODULE_INIT_IGNORE_MODVERSIONS
	IgnoreVermagic    InitFlags = 2 // MODULE_INIT_IGNORE_VERMAGIC
	CompressedFile    InitFlags = 4 // MODULE_INIT_COMPRESSED_FILE, Linux 5.17
)

// Module is one row of the kernel's module list, as seen from user space.
type Module struct {
	Name  string      `json:"name"`
	State trace.State `json:"state"`
	Size  int64       `json:"size"`  // bytes, the size column of /proc/modules
	Refs  int64       `json:"refs"`  // reference count; -1 while unloading
	Users []string    `json:"users"` // modules that depend on it
	// Permanent: it can't be unloaded (no exit function, or a kernel that
	// unloads nothing).
	Permanent bool   `json:"permanent,omitempty"`
	Taints    string `json:"taints,omitempty"`  // letters, such as "OE"
	Address   string `json:"address,omitempty"` // 0x0… for readers without CAP_SYSLOG
}

// Initstate is what /sys/module/NAME shows of a module.
type Initstate struct {
	// Dir says whether the directory /sys/module/NAME exists.
	Dir bool
	// State is the content of its initstate file; "" when the file does not
	// exist, which with Dir is the window of the built-in race.
	State trace.State
}

// Kernel is what the loader needs of a kernel. The Linux one makes the system
// calls; the simulated one is code. A method's error wraps a syscall.Errno
// whenever the kernel gave one.
type Kernel interface {
	// Release is the kernel's release string, as uname -r prints it.
	Release() string
	// Finit loads the module in f by finit_module(2). f must come from the
	// tree the kernel can read; the Linux kernel needs an *os.File.
	Finit(ctx context.Context, f fs.File, params string, flags InitFlags) error
	// Init loads a module image by init_module(2).
	Init(ctx context.Context, image []byte, params string) error
	// Delete unloads a module by delete_module(2); force adds O_TRUNC.
	Delete(ctx context.Context, name string, force bool) error
	// Modules reads the module list (/proc/modules).
	Modules() ([]Module, error)
	// Initstate reads /sys/module/NAME/initstate. name must be a module name
	// (letters, digits, underscores), never a path.
	Initstate(name string) (Initstate, error)
	// Compression names the format of the compressed module files that
	// Finit takes with CompressedFile ("gzip", "xz", "zstd"), "" when none.
	Compression() string
	// Sleep waits d on the kernel's clock, less when ctx ends.
	Sleep(ctx context.Context, d time.Duration) error
	// LogMark returns a mark of the kernel log's present end.
	LogMark() LogMark
	// LogSince returns the kernel log's lines after the mark, oldest first;
	// none where the log cannot be read.
	LogSince(mark LogMark) []string
}

// LogMark is a place in the kernel log; its meaning is the Kernel's own.
type LogMark uint64
