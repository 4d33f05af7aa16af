package inject

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Device is the driver's file. It takes one opener at a time; closing it ends
// the session: rules and hooks go, everybody who is held goes on.
const Device = "/dev/kmodsh"

// The bounds of the protocol, which driver/kmodsh.h has too.
const (
	MaxLine     = 512  // bytes of a command's line, the newline included
	MaxID       = 63   // characters of a point or request ID
	MaxFunc     = 95   // characters of a function's name
	MaxName     = 103  // bytes of a requested name
	MaxModule   = 55   // bytes of a module's name: MODULE_NAME_LEN less one
	MaxComm     = 15   // bytes of a task's name: TASK_COMM_LEN less one
	MaxRequests = 1000 // threads of one request command
	MaxRule     = 255  // highest number of a rule
	MaxWait     = 10 * time.Minute
)

// ErrCommand says that a command is malformed; the driver would answer EINVAL.
var ErrCommand = errors.New("malformed driver command")

// Command is one thing to tell the driver.
type Command interface {
	// words returns the command as words, checked.
	words() ([]string, error)
}

// Line returns a command as the line the driver reads, with its newline.
// Everything in it is checked against the protocol's bounds.
func Line(c Command) (string, error) {
	w, err := c.words()
	if err != nil {
		return "", err
	}
	line := strings.Join(w, " ") + "\n"
	if len(line) > MaxLine {
		return "", fmt.Errorf("%w: a line of %d bytes, at most %d", ErrCommand, len(line), MaxLine)
	}
	return line, nil
}

// Layout says where a hooked function's arguments hold what it is about.
type Layout string

// The layouts.
const (
	LayoutNone     Layout = "-"
	LayoutModule   Layout = "m0" // argument 0 is a struct module *
	LayoutString0  Layout = "s0" // argument 0 is the module's name
	LayoutString1  Layout = "s1" // argument 1 is the module's name
	LayoutRequest  Layout = "r0" // a request begins; its name is not known yet
	LayoutQuery    Layout = "q0" // argument 0 is the requested name
	LayoutPermit   Layout = "p0" // argument 0 is a semaphore; counts only when it is that of the permits
	LayoutArgv     Layout = "v1" // argument 1 is modprobe's argument vector, the name its fourth
	LayoutHelper   Layout = "u0" // argument 0 is the struct subprocess_info * of a requester
	LayoutChild    Layout = "c0" // the same, in the helper's process
	LayoutExec     Layout = "e0" // argument 0 is the path that a helper's process executes
	LayoutKobject  Layout = "k0" // argument 0 is a module's kobject, argument 1 an attribute *
	LayoutHolders  Layout = "h1" // argument 0 is a directory's name, argument 1 the module's kobject
	LayoutFile     Layout = "f0" // argument 0 is the struct file * of a module
	LayoutRead     Layout = "x0" // as f0, of kernel_read_file: counts only when a module is read
	LayoutSyscall  Layout = "y0" // a system call whose first argument is the file of a module
	LayoutDelete   Layout = "d0" // a system call whose first argument is a module's name
	LayoutInitcall Layout = "i0" // argument 0 is a module's init function
	LayoutNamed    Layout = "n2" // argument 0 is a struct module *, argument 2 a name
	LayoutTask     Layout = "t0" // the module that the task's last event in this system call named
)

var layouts = []Layout{
	LayoutNone, LayoutModule, LayoutString0, LayoutString1, LayoutRequest, LayoutQuery, LayoutPermit, LayoutArgv,
	LayoutHelper, LayoutChild, LayoutExec, LayoutKobject, LayoutHolders, LayoutFile, LayoutRead, LayoutSyscall,
	LayoutDelete, LayoutInitcall, LayoutNamed, LayoutTask,
}

// Scope restricts a hook to tasks inside certain system calls.
type Scope string

// The scopes.
const (
	Anywhere Scope = ""       // every task
	InLoad   Scope = "load"   // inside finit_module or init_module
	InUnload Scope = "unload" // inside delete_module
	InModule Scope = "module" // inside any of the three
)

// Hook attaches the driver to the entry of a kernel function under a point's
// ID ("W4") or, for a function named by hand, "fn:NAME". Several hooks may
// share an ID or a function. Func "notifier:COMING", "notifier:LIVE" and
// "notifier:GOING" are the module notifiers.
type Hook struct {
	ID     string
	Func   string
	Layout Layout
	Attr   string // LayoutKobject, LayoutHolders: only this attribute or directory
	Scope  Scope
	// Quiet hooks record only what a rule matches or a traced task does.
	Quiet bool
	// FailOnly hooks do nothing but fail: the ID's other hook holds.
	FailOnly bool
}

func (h Hook) words() ([]string, error) {
	w := []string{"hook", h.ID, h.Func, string(h.Layout)}
	if err := errors.Join(checkID(h.ID), checkFunc(h.Func), checkLayout(h.Layout)); err != nil {
		return nil, err
	}
	if h.Attr != "" {
		if h.Layout != LayoutKobject && h.Layout != LayoutHolders {
			return nil, fmt.Errorf("%w: layout %s has no attribute", ErrCommand, h.Layout)
		}
		a, err := value("attribute", h.Attr, MaxModule)
		if err != nil {
			return nil, err
		}
		w = append(w, "attr="+a)
	}
	switch h.Scope {
	case Anywhere:
	case InLoad, InUnload, InModule:
		w = append(w, "in="+string(h.Scope))
	default:
		return nil, fmt.Errorf("%w: no scope %.20q", ErrCommand, h.Scope)
	}
	if h.Quiet {
		w = append(w, "quiet=1")
	}
	if h.FailOnly {
		w = append(w, "failonly=1")
	}
	return w, nil
}

// Return reports what a kernel function returns, as events of the kind ret.
type Return struct {
	ID     string // as of a Hook
	Func   string
	Layout Layout
}

func (r Return) words() ([]string, error) {
	return []string{"return", r.ID, r.Func, string(r.Layout)}, errors.Join(checkID(r.ID), checkFunc(r.Func), checkLayout(r.Layout))
}

// Unhook takes away all hooks and returns of an ID.
type Unhook struct{ ID string }

func (u Unhook) words() ([]string, error) { return []string{"unhook", u.ID}, checkID(u.ID) }

// Action is what a rule does.
type Action string

// The actions.
const (
	DoRecord Action = "record" // nothing but the event
	DoHold   Action = "hold"   // stop there until Go, a deadline, SIGKILL or the session's end
	DoDelay  Action = "delay"  // sleep, then go on
	DoFail   Action = "fail"   // return an errno instead of running the function
)

// Rule is what to do with a thread that comes to a point. The lowest-numbered
// rule that matches acts. A zero field matches everything.
type Rule struct {
	N       int // 1 to MaxRule; a rule of the same number is replaced
	Point   string
	Module  string
	Name    string // the requested name or the attribute
	PID     int    // a thread, or any thread of the process of this number
	Comm    string
	Traced  bool   // only traced tasks
	Request uint64 // only what belongs to this request
	Hit     int    // acts on the n-th match only, counted from 1; 0 on every
	Do      Action
	// Delay is whole milliseconds, 1 ms to MaxWait, of DoDelay.
	Delay time.Duration
	Errno int // positive, of DoFail
	// Deadline ends a hold by itself, in whole milliseconds; 0 is MaxWait.
	Deadline time.Duration
}

func (r Rule) words() ([]string, error) {
	if r.N < 1 || r.N > MaxRule {
		return nil, fmt.Errorf("%w: rule %d, the numbers are 1 to %d", ErrCommand, r.N, MaxRule)
	}
	if err := checkID(r.Point); err != nil {
		return nil, err
	}
	w := []string{"rule", strconv.Itoa(r.N), "point=" + r.Point}
	for _, f := range []struct {
		key, text string
		max       int
	}{{"module", r.Module, MaxModule}, {"name", r.Name, MaxName}, {"comm", r.Comm, MaxComm}} {
		if f.text == "" {
			continue
		}
		v, err := value(f.key, f.text, f.max)
		if err != nil {
			return nil, err
		}
		w = append(w, f.key+"="+v)
	}
	if r.PID < 0 || r.Hit < 0 {
		return nil, fmt.Errorf("%w: negative number in rule %d", ErrCommand, r.N)
	}
	if r.PID > 0 {
		w = append(w, "pid="+strconv.Itoa(r.PID))
	}
	if r.Traced {
		w = append(w, "traced=1")
	}
	if r.Request > 0 {
		w = append(w, "req="+strconv.FormatUint(r.Request, 10))
	}
	if r.Hit > 0 {
		w = append(w, "hit="+strconv.Itoa(r.Hit))
	}
	w = append(w, "do="+string(r.Do))
	switch r.Do {
	case DoRecord:
	case DoHold:
		if r.Deadline != 0 {
			ms, err := millis("deadline", r.Deadline)
			if err != nil {
				return nil, err
			}
			w = append(w, "deadline="+ms)
		}
	case DoDelay:
		ms, err := millis("delay", r.Delay)
		if err != nil {
			return nil, err
		}
		w = append(w, "ms="+ms)
	case DoFail:
		if r.Errno < 1 || r.Errno > 4095 {
			return nil, fmt.Errorf("%w: errno %d, they are 1 to 4095", ErrCommand, r.Errno)
		}
		w = append(w, "errno="+strconv.Itoa(r.Errno))
	default:
		return nil, fmt.Errorf("%w: no action %.20q", ErrCommand, r.Do)
	}
	return w, nil
}

// Unrule takes a rule away; who it holds stays held.
type Unrule struct{ N int }

func (u Unrule) words() ([]string, error) { return []string{"unrule", strconv.Itoa(u.N)}, nil }

// Trace makes every thread of a process (or a kernel thread) stop at every
// hooked point, and the helpers of its requests with it.
type Trace struct{ PID int }

func (t Trace) words() ([]string, error) {
	return []string{"trace", strconv.Itoa(t.PID)}, checkPID(t.PID)
}

// Untrace ends that; who stands at a stop goes on.
type Untrace struct{ PID int }

func (u Untrace) words() ([]string, error) {
	return []string{"untrace", strconv.Itoa(u.PID)}, checkPID(u.PID)
}

// Go lets a thread that stands at a stop go on: PID is its own number or its
// process's. 0 lets all go on.
type Go struct{ PID int }

func (g Go) words() ([]string, error) {
	if g.PID == 0 {
		return []string{"go", "all"}, nil
	}
	return []string{"go", strconv.Itoa(g.PID)}, checkPID(g.PID)
}

// Mode is how a request thread asks.
type Mode string

// The modes.
const (
	Wait   Mode = "wait"   // request_module
	NoWait Mode = "nowait" // request_module_nowait
	FS     Mode = "fs"     // get_fs_type
	Symbol Mode = "symbol" // symbol_request
	// The modes without a name. Firmware takes the usermode helper's lock as
	// loading firmware does (usermodehelper_read_trylock) and gives it back.
	// Suspend and Resume do to the helper what freeze_processes and
	// thaw_processes do; user space is not frozen.
	Firmware Mode = "firmware"
	Suspend  Mode = "suspend"
	Resume   Mode = "resume"
)

var modes = []Mode{Wait, NoWait, FS, Symbol, Firmware, Suspend, Resume}

// Request makes kernel threads that will ask for a name. Each is told by an
// event of the kind thread and stands at a barrier until Start.
type Request struct {
	ID     string
	Name   string // may be empty
	Mode   Mode
	Count  int  // 0 is 1
	Traced bool // the threads are traced from their birth
}

func (r Request) words() ([]string, error) {
	if err := checkID(r.ID); err != nil {
		return nil, err
	}
	if !slices.Contains(modes, r.Mode) {
		return nil, fmt.Errorf("%w: no request mode %.20q", ErrCommand, r.Mode)
	}
	if r.Count < 0 || r.Count > MaxRequests {
		return nil, fmt.Errorf("%w: %d request threads, at most %d", ErrCommand, r.Count, MaxRequests)
	}
	w := []string{"request", r.ID, string(r.Mode)}
	if r.Name != "" {
		name, err := value("name", r.Name, MaxName)
		if err != nil {
			return nil, err
		}
		w = append(w, "name="+name)
	}
	if r.Count > 1 {
		w = append(w, "n="+strconv.Itoa(r.Count))
	}
	if r.Traced {
		w = append(w, "traced=1")
	}
	return w, nil
}

// Start opens the barrier of a Request.
type Start struct{ ID string }

func (s Start) words() ([]string, error) { return []string{"start", s.ID}, checkID(s.ID) }

// State asks for the true state of the kernel: events of the kinds module,
// permits, modprobe and umh, ended by one of the kind end.
type State struct{}

func (State) words() ([]string, error) { return []string{"state"}, nil }

// Stops asks who stands at a stop: events of the kind stands, ended by end.
type Stops struct{}

func (Stops) words() ([]string, error) { return []string{"stops"}, nil }

// Sync puts a mark into the stream, an event of the kind sync.
type Sync struct{ N uint64 }

func (s Sync) words() ([]string, error) { return []string{"sync", strconv.FormatUint(s.N, 10)}, nil }

// UMH sets whether the usermode helper may start programs.
type UMH struct {
	State string // one of UMHStates
}

// UMHStates are the states of the usermode helper, by the numbers of enum
// umh_disable_depth (include/linux/umh.h).
var UMHStates = []string{"enabled", "freezing", "disabled"}

func (u UMH) words() ([]string, error) {
	if !slices.Contains(UMHStates, u.State) {
		return nil, fmt.Errorf("%w: no state %.20q of the usermode helper", ErrCommand, u.State)
	}
	return []string{"umh", u.State}, nil
}

// Memory asks what is allocated: events of the kinds area, for the memory of
// each module, and count, of which "percpu" is bytes of per-cpu memory in use
// on each processor; ended by one of the kind end.
type Memory struct {
	// Slabs: also how many objects of each size are allocated, counts of the
	// names "slab kmalloc-32", "slab kernfs_node_cache".
	Slabs bool
}

func (m Memory) words() ([]string, error) {
	if m.Slabs {
		return []string{"memory", "slabs=1"}, nil
	}
	return []string{"memory"}, nil
}

// Settle waits until the kernel has freed what was to be freed by RCU.
type Settle struct{}

func (Settle) words() ([]string, error) { return []string{"settle"}, nil }

// Reset ends what a session began without closing it.
type Reset struct{}

func (Reset) words() ([]string, error) { return []string{"reset"}, nil }
