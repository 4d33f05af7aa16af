package sim

import (
	"time"

	"example.org/kmodsh/internal/trace"
)

// UMHState is the state of the usermode helper (kernel/umh.c, usermodehelper_disabled).
type UMHState string

// The states.
const (
	UMHEnabled  UMHState = "enabled"
	UMHFreezing UMHState = "freezing"
	UMHDisabled UMHState = "disabled"
)

// World is one simulated kernel and everything in it. It is made by New,
// changed only by stepping its threads, and used by one goroutine at a time.
type World struct {
	Profile Profile

	now     int64 // virtual nanoseconds since boot
	steps   int
	closed  bool
	threads []*Thread
	current *Thread
	lastPID int
	tied    uint64 // number of the last request

	events []trace.Event
	log    []string // kernel log

	// The module loader (kernel/module/main.c).
	list     []*Module // the module list, newest first
	mm       Mutex     // module_mutex
	wq       Queue     // module_wq
	builtins map[string]bool
	dirs     map[string]bool // /sys/module directories of built-in code
	symbols  map[string]*Module
	provided map[string]*Module // functionality that is registered: "fs:ext4"
	taints   string
	lastGone string
	inodes   map[uint64]*idempotent

	// Requests and the usermode helper (kernel/module/kmod.c, kernel/umh.c).
	ModprobePath string
	UMH          UMHState
	umhCallers   int
	umhQueue     Queue
	permits      permits
	programs     map[string]Exec
	helpers      int    // helpers started
	copies       uint64 // copies of module files made
	images       map[string]*File
	// Policy is the name of the policy /sbin/modprobe works by; "" is verified.
	Policy string
	helper string // what stands in the place of modprobe, "" the real one

	ledger Ledger
	faults faults

	kernelState
}

// Options is what a world is made of.
type Options struct {
	Profile  Profile
	Builtins []string        // names of built-in modules
	Dirs     []string        // /sys/module directories of built-in code, such as "vt"
	Programs map[string]Exec // executables by path; /sbin/modprobe among them
}

// New makes a world: a booted kernel with an empty module list and the
// usermode helper enabled.
func New(o Options) *World {
	w := &World{
		Profile:      o.Profile,
		lastPID:      99,
		mm:           Mutex{name: "module_mutex"},
		wq:           Queue{name: "module_wq"},
		builtins:     map[string]bool{},
		dirs:         map[string]bool{},
		symbols:      map[string]*Module{},
		provided:     map[string]*Module{},
		inodes:       map[uint64]*idempotent{},
		programs:     map[string]Exec{},
		ModprobePath: "/sbin/modprobe",
		UMH:          UMHEnabled,
	}
	w.mm.queue.name = "module_mutex"
	w.vermagic = "sim SMP preempt mod_unload modversions "
	for _, b := range o.Builtins {
		w.builtins[b] = true
	}
	for _, d := range o.Dirs {
		w.dirs[d] = true
	}
	for path, x := range o.Programs {
		w.programs[path] = x
	}
	w.permits.init(o.Profile)
	return w
}

// Now returns the virtual time since boot.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// Steps returns how many steps were taken.
func (w *World) Steps() int { return w.steps }

// Events returns the events so far. The caller must not change them.
func (w *World) Events() []trace.Event { return w.events }

// Log returns the kernel log so far. The caller must not change it.
func (w *World) Log() []string { return w.log }
