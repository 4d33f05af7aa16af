package sim

import (
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// kernelState is what the simulated kernel knows besides its modules and the
// requests under way.
type kernelState struct {
	vermagic string // what a module's vermagic has to be (include/linux/vermagic.h)

	modulesDisabled bool     // kernel.modules_disabled: nothing can be loaded or unloaded any more
	blacklist       []string // module_blacklist= of the kernel command line

	printed []string    // what is printed once only and was
	limits  []ratelimit // of the log lines that are limited
	audit   []string    // audit records
	uevents []Uevent
	ueventQ Queue // those who listen for them
	stats   Stats
	placed  uint64 // bytes of the room for modules that were given out

	async  int // asynchronous work that is not done (kernel/async.c)
	asyncs int // asynchronous work begun
	asyncQ Queue

	dups       map[string]*dupRequest
	workers    int     // workers that wait for a helper's exit
	workQueue  []*work // helpers that wait for a worker, first come first served
	workQ      Queue
	umhStateQ  Queue // usermodehelper_disabled_waitq
	root       int   // number of root switches
	rootGone   int   // roots before this one are gone
	rootFrozen bool  // the root file system is frozen: nothing can be started
	rootQ      Queue
	frozen     bool // user space is frozen
	frozenQ    Queue
	mounts     []mount
	lives      []life // of modules

	config   modprobeConfig
	seqAsked uint16 // the sequencer clients that were asked for (client_requested)
}

// mount is a file system in use: it holds a reference on its module.
type mount struct {
	fs string
	m  *Module // nil for one that is built in
}

// threadState is what the model keeps of one thread.
type threadState struct {
	async    bool   // an async worker: current_is_async()
	helper   bool   // a helper process
	root     int    // the root a helper was started on
	lie      string // how the helper of this thread's request is to behave, "" as the world's
	commands int    // commands of the configuration it is inside of
	looked   int    // the step in which user space last read a file of the kernel
}

// Uevent is an announcement to udev (lib/kobject_uevent.c).
type Uevent struct {
	Action string // "add", "remove"
	Module string
	Time   int64 // virtual nanoseconds
}

// Uevents returns the uevents sent so far. The caller must not change them.
func (w *World) Uevents() []Uevent { return w.uevents }

// Audit returns the audit records of loads so far. The caller must not change
// them.
func (w *World) Audit() []string { return w.audit }

// Taints returns the kernel's taint letters, in the kernel's order.
func (w *World) Taints() string { return sortTaints(w.taints) }

// uevent sends one. A REMOVE is sent only for what announced itself
// (lib/kobject.c, kobject_cleanup: state_add_uevent_sent).
func (w *World) uevent(action string, m *Module) {
	w.askRefs(m)
	if action == "remove" && !m.announced {
		return
	}
	m.announced = action == "add"
	w.uevents = append(w.uevents, Uevent{action, m.Name, w.now})
	w.counted(resUevents, mix(hashString(action), hashString(m.Name)))
	w.wake(&w.ueventQ, -1)
}

// msleep is the kernel's: no signal ends it (kernel/time/timer.c).
func (t *Thread) msleep(d time.Duration, what string) {
	t.WaitUntil(nil, max(d, 1), Uninterruptible, what, func() bool { return false })
}

// pass brings the thread by a point at which it does not stop, because no
// other thread could tell: the event is recorded and faults strike as at any.
func (t *Thread) pass(id string, m *Module, e trace.Event) Errno {
	t.at, t.module = id, m
	t.w.record(t, id, m, e)
	f := t.w.faultAt(t, id, moduleAt(id, m, e))
	if f.hold {
		t.status = Held
		t.pause()
	}
	if f.delay > 0 {
		t.Sleep(f.delay, "delayed at "+id)
	}
	return f.fail
}

// once says whether this is the first time since boot (printk_once).
func (w *World) once(what string) bool {
	if slices.Contains(w.printed, what) {
		return false
	}
	w.printed = append(w.printed, what)
	return true
}

// The kernel's default rate limit (include/linux/ratelimit_types.h).
const (
	ratelimitInterval = 5 * time.Second
	ratelimitBurst    = 10
)

// ratelimit is the state of one pr_warn_ratelimited (lib/ratelimit.c).
type ratelimit struct {
	site            string
	begin           int64
	printed, missed int
}

// printkLimited is pr_warn_ratelimited in the function of that name.
func (w *World) printkLimited(site, function, format string, args ...any) {
	i := slices.IndexFunc(w.limits, func(r ratelimit) bool { return r.site == site })
	if i < 0 {
		w.limits = append(w.limits, ratelimit{site: site, begin: w.now})
		i = len(w.limits) - 1
	}
	r := &w.limits[i]
	if w.now-r.begin > int64(ratelimitInterval) {
		if r.missed > 0 {
			w.printk("%s: %d callbacks suppressed", function, r.missed)
		}
		r.begin, r.printed, r.missed = w.now, 0, 0
	}
	if r.printed >= ratelimitBurst {
		r.missed++
		return
	}
	r.printed++
	w.printk(format, args...)
}

func sortTaints(letters string) string {
	b := []byte(letters)
	slices.SortFunc(b, func(x, y byte) int {
		return strings.IndexByte(kernel.TaintFlags, x) - strings.IndexByte(kernel.TaintFlags, y)
	})
	return string(b)
}

// taintMask is the letters as /proc/sys/kernel/tainted shows them.
func taintMask(letters string) (mask uint64) {
	for _, c := range []byte(letters) {
		if i := strings.IndexByte(kernel.TaintFlags, c); i >= 0 {
			mask |= 1 << i
		}
	}
	return mask
}
