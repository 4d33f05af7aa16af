package kernel

import (
	"context"
	"io/fs"
	"strings"
	"time"

	"example.org/kmodsh/internal/trace"
)

// Op names a thing a target may or may not be able to do.
type Op string

// The operations of a target.
const (
	OpInfo    Op = "info"
	OpModules Op = "states"
	OpTree    Op = "tree" // has a module tree to resolve names in
	OpLoad    Op = "load"
	OpUnload  Op = "unload"
	OpRequest Op = "request"
	OpLog     Op = "log"
	OpEvents  Op = "events"
)

// IsSim says whether the name of a target, "sim" or "sim:PROFILE", is that of a
// simulated kernel.
func IsSim(target string) bool { return target == "sim" || strings.HasPrefix(target, "sim:") }

// Target is a kernel that kmodsh drives. Every method may be called from any
// goroutine. A target that cannot do an operation answers it with an
// *UnsupportedError, the same that Can gives, so that a front can show the
// verb and say why.
type Target interface {
	// Name is how a person names it: "vm:6.12", "host".
	Name() string
	// Can returns nil when the target can do op, else an *UnsupportedError.
	Can(op Op) error
	// Info describes the target.
	Info(ctx context.Context) (Info, error)
	// Tree says where the module tree of the target's kernel is, in files
	// this process can read.
	Tree() (Tree, error)
	// Modules returns the module list, sorted by name.
	Modules(ctx context.Context) ([]Module, error)
	// Load loads a module, or all modules an alias stands for, dependencies
	// first. The result is valid also when err is not nil, as far as it got.
	Load(ctx context.Context, req LoadRequest) (LoadResult, error)
	// Unload removes a module.
	Unload(ctx context.Context, req UnloadRequest) (UnloadResult, error)
	// Request makes the kernel itself ask for name by request_module().
	Request(ctx context.Context, name string) (RequestResult, error)
	// Log returns the last n lines of the kernel's log, all it has when n is 0.
	Log(ctx context.Context, n int) ([]string, error)
	// Events returns the target's event log. It ends when the target does.
	Events() *trace.Log
	// Sync returns once everything that happened before the call is in Events.
	Sync(ctx context.Context) error
	// Err returns nil while the target is up, then why it went down: a
	// *DeadError, or ErrClosed after Close.
	Err() error
	// Close lets the target go and leaves nothing behind.
	Close() error
}

// Tree is a module tree on disk: Dir holds the modules and the indexes, that
// is, it is the directory /lib/modules/RELEASE or stands for it.
type Tree struct {
	Dir     string   `json:"dir"`
	Release string   `json:"release"`
	Config  []string `json:"config,omitempty"` // modprobe.d directories or files; none: no configuration
	// Cmdline is the kernel's command line, which may hold options of modules.
	Cmdline string `json:"cmdline,omitempty"`
	// FS holds the tree when it is not on disk; Dir is then only its name.
	FS fs.FS `json:"-"`
	// ConfigFS holds the files of Config when they are not on disk: a path is
	// there without the slash it begins with.
	ConfigFS fs.FS `json:"-"`
}

// Info describes a target.
type Info struct {
	Target   string        `json:"target"`
	Release  string        `json:"release"`            // uname -r
	Version  string        `json:"version,omitempty"`  // uname -v
	Machine  string        `json:"machine,omitempty"`  // uname -m
	Taint    uint64        `json:"taint"`              // /proc/sys/kernel/tainted
	Modprobe string        `json:"modprobe,omitempty"` // /proc/sys/kernel/modprobe
	Uptime   time.Duration `json:"uptime"`             // nanoseconds on the target's clock
	Modules  int           `json:"modules"`            // rows of the module list
	CPUs     int           `json:"cpus,omitempty"`
	Memory   int64         `json:"memory,omitempty"` // bytes
	// Facts are further lines for a person, in order: accelerator, start-up
	// split, snapshot.
	Facts []Fact `json:"facts,omitempty"`
}

// Fact is a named line of Info.
type Fact struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	// Here says that it is about the machine that kmodsh runs on, such as a path of
	// its: what is given away is without it.
	Here bool `json:"-"`
}

// LoadRequest asks for a load.
type LoadRequest struct {
	Name   string   `json:"name"`             // module name or alias; never a path
	Params []string `json:"params,omitempty"` // name=value, for the module itself
	Policy string   `json:"policy,omitempty"` // "" is verified
	First  bool     `json:"first,omitempty"`  // fail when it is already there (--first-time)
	// Jobs is how many modules that do not wait for each other may be loaded at
	// once; 0: they are loaded one after the other in modprobe's order.
	Jobs int `json:"jobs,omitempty"`
}

// UnloadRequest asks for an unload.
type UnloadRequest struct {
	Name    string `json:"name"`              // module name or alias
	Force   bool   `json:"force,omitempty"`   // O_TRUNC
	Deps    bool   `json:"deps,omitempty"`    // then remove dependencies nobody else uses
	Holders bool   `json:"holders,omitempty"` // first remove the modules that depend on it
	// Wait is how long to ask again while it is in use; 0: not at all.
	Wait time.Duration `json:"wait_ns,omitempty"`
}

// Step is one module's part in a load or unload.
type Step struct {
	Module  string   `json:"module"`
	File    string   `json:"file,omitempty"`
	Params  string   `json:"params,omitempty"`
	Action  string   `json:"action"` // "insert", "skip", "wait", "remove", "install", "builtin"
	Errno   string   `json:"errno,omitempty"`
	Took    int64    `json:"took_ns"` // on the target's clock
	Log     []string `json:"log,omitempty"`
	Because string   `json:"because,omitempty"` // why it was skipped, or what brought it in
}

// LoadResult is what became of a load.
type LoadResult struct {
	Name    string      `json:"name"`
	Modules []string    `json:"modules"` // what the name resolved to
	Steps   []Step      `json:"steps"`   // in the order they were taken
	Verdict Verdict     `json:"verdict"`
	State   trace.State `json:"state"` // of the (last) module afterwards
	Took    int64       `json:"took_ns"`
}

// NoLoad is the result of a load of which nothing was done.
func NoLoad(name string) LoadResult {
	return LoadResult{Name: name, Modules: []string{}, Steps: []Step{}}
}

// UnloadResult is what became of an unload.
type UnloadResult struct {
	Name  string      `json:"name"`
	Steps []Step      `json:"steps"`
	State trace.State `json:"state"` // of the module afterwards
	Took  int64       `json:"took_ns"`
}

// Helper is one modprobe process the kernel started for a request.
type Helper struct {
	PID  int      `json:"pid"`
	Args []string `json:"args"`
	Exit int      `json:"exit"` // exit status; -1 while unknown
}

// RequestResult is what became of a request.
type RequestResult struct {
	Name    string      `json:"name"`
	Trigger string      `json:"trigger"`         // the system call that made the kernel ask, in words
	Errno   string      `json:"errno,omitempty"` // what the trigger itself returned
	Asked   []string    `json:"asked"`           // the strings the kernel requested, in order
	Helpers []Helper    `json:"helpers"`
	Modules []string    `json:"modules"` // what the name stands for
	Verdict Verdict     `json:"verdict"`
	State   trace.State `json:"state"`
	Took    int64       `json:"took_ns"`
}
