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
	byID    map[string]*Thread // of worlds with many threads
	current *Thread

	driver    Driver
	chosen    *Thread      // what the driver said last
	idle      []*coroutine // that run no thread
	spare     []*Thread    // of the boot before
	unwinding bool
	sleepers  []sleeper // of this boot, by the block
	tracking
	lastPID int
	tied    uint64 // number of the last request

	events []trace.Event
	quiet  bool     // neither events nor the log are kept
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
	helpers      int                       // helpers started
	files        func(module string) *File // the installed module files
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

	// The same as sets that no world changes, for a system that boots many.
	builtins, dirs map[string]bool
	files          func(module string) *File
	vermagic       string
}

func setOf(names []string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// New makes a world: a booted kernel with an empty module list and the
// usermode helper enabled.
func New(o Options) *World {
	w := &World{
		symbols:  map[string]*Module{},
		provided: map[string]*Module{},
		inodes:   map[uint64]*idempotent{},
		programs: map[string]Exec{},
	}
	w.names = NewNames()
	w.boot(o)
	return w
}

// boot gives an emptied world the state of a kernel that has just booted.
func (w *World) boot(o Options) {
	w.Profile = o.Profile
	w.lastPID = 99
	w.mm = Mutex{name: "module_mutex", queue: Queue{name: "module_mutex", rivals: true}}
	w.wq.name = "module_wq"
	w.ModprobePath = "/sbin/modprobe"
	w.UMH = UMHEnabled
	if w.vermagic, w.files = o.vermagic, o.files; w.files == nil {
		w.files = func(string) *File { return nil }
	}
	if o.builtins != nil {
		w.builtins, w.dirs = o.builtins, o.dirs
	} else {
		w.builtins, w.dirs = setOf(o.Builtins), setOf(o.Dirs)
	}
	for path, x := range o.Programs {
		w.programs[path] = x
	}
	w.permits.init(o.Profile)
	w.wq.bit, w.umhQueue.bit, w.permits.q.bit, w.mm.queue.bit = bitModules, bitHelpers, bitPermits, bitMutex
	w.ueventQ.bit, w.asyncQ.bit, w.workQ.bit = bitUevents, bitAsync, bitWorkers
	w.ueventQ.counts = true
	w.permits.q.rivals = o.Profile.KmodMax <= permitsMatter
}

// Restart ends all threads and boots the world again with the same options. It
// is what New does, without giving up the memory; a search does it millions of
// times. Quiet stays as it is, Track is off.
func (w *World) Restart(o Options) {
	w.unwind()
	old := *w
	clear(old.symbols)
	clear(old.provided)
	clear(old.inodes)
	clear(old.programs)
	clear(old.byID)
	*w = World{
		threads: old.threads, idle: old.idle, spare: old.spare, events: old.events[:0], log: old.log[:0], list: old.list[:0],
		symbols: old.symbols, provided: old.provided, inodes: old.inodes,
		programs: old.programs, byID: old.byID, sleepers: old.sleepers[:0], quiet: old.quiet,
		tracking: tracking{names: old.names, remember: old.remember, same: old.same, apart: old.apart, countsPermits: old.countsPermits, points: old.points},
	}
	w.ledger.open = old.ledger.open[:0]
	w.audit, w.uevents, w.printed, w.lives = old.audit[:0], old.uevents[:0], old.printed[:0], old.lives[:0]
	w.wq.sleepers, w.mm.queue.sleepers = old.wq.sleepers[:0], old.mm.queue.sleepers[:0]
	w.boot(o)
}

// Now returns the virtual time since boot.
func (w *World) Now() time.Duration { return time.Duration(w.now) }

// Steps returns how many steps were taken.
func (w *World) Steps() int { return w.steps }

// Events returns the events so far. The caller must not change them.
func (w *World) Events() []trace.Event { return w.events }

// Log returns the kernel log so far. The caller must not change it.
func (w *World) Log() []string { return w.log }

// Quiet turns off that events and the kernel's log are kept, for those who run a
// world many times and look only at where it gets.
func (w *World) Quiet(on bool) { w.quiet = on }

// Modules is the number of modules on the list, unformed ones included.
func (w *World) Modules() int { return len(w.list) }

// Module returns the i-th module of the list, newest first. The caller must
// not change it.
func (w *World) Module(i int) *Module { return w.list[i] }

// Mounts returns how many mounts hold a reference on m.
func (w *World) Mounts(m *Module) int {
	n := 0
	for _, o := range w.mounts {
		if o.m == m {
			n++
		}
	}
	return n
}

// Movable says whether a thread can be stepped.
func (w *World) Movable() bool {
	for _, t := range w.threads {
		if t.status == Ready {
			return true
		}
	}
	return false
}

// FirstHeld returns the held thread that was made first, nil when none is.
func (w *World) FirstHeld() *Thread {
	for _, t := range w.threads {
		if t.status == Held {
			return t
		}
	}
	return nil
}
