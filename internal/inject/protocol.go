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
