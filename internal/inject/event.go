package inject

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.org/kmodsh/internal/trace"
)

// Kind says what an Event is about.
type Kind string

// The kinds.
const (
	Hit      Kind = "hit"      // a thread came to a hooked point
	Stopped  Kind = "stop"     // it stands there now, held by a rule or because it is traced
	Left     Kind = "left"     // it goes on; Why says why
	Ret      Kind = "ret"      // a function of a Return command returned Ret
	Req      Kind = "req"      // request Request: the thread asks for Name
	Helper   Kind = "helper"   // process TGID serves request Request
	Thread   Kind = "thread"   // thread N of Request command ID is PID, and stands at the barrier
	Done     Kind = "done"     // that thread's call returned Ret after Took
	Module   Kind = "module"   // State: a module
	Permits  Kind = "permits"  // State: permits
	Modprobe Kind = "modprobe" // State: modprobe_path is Name
	Helpers  Kind = "umh"      // State: the usermode helper is Name, one of UMHStates
	Area     Kind = "area"     // Memory: N bytes at Address are Module's
	Count    Kind = "count"    // Memory: N of what Name says
	Stands   Kind = "stands"   // Stops: a thread that stands at a stop
	End      Kind = "end"      // the last line of the answer to State or Stops; N lines went before
	Mark     Kind = "sync"     // Sync's mark, N
)

var kinds = []Kind{Hit, Stopped, Left, Ret, Req, Helper, Thread, Done, Module, Permits, Modprobe, Helpers, Area, Count, Stands, End, Mark}

// Event is one line of the driver's stream. Fields that a kind does not have
// are zero.
type Event struct {
	Seq  uint64 // from 1; a hole is a loss, which Lost tells
	Time int64  // CLOCK_MONOTONIC, nanoseconds
	Kind Kind

	Point  string      // ID of the hook
	PID    int         // the thread
	TGID   int         // its process
	Comm   string      // its name
	Traced bool        // it is traced
	Module string      // the module it is about
	State  trace.State // of that module, "" when not known
	Name   string      // requested name, attribute, path
	// Request is the number of the request it belongs to: the driver counts
	// them from 1 in a session.
	Request uint64

	Rule  int    // number of the rule that acts, 0 none
	Do    Action // what it does
	Errno int    // what it fails with
	// Why says what ended a stop (Left): "go", "deadline", "killed", "closed".
	// "atomic" at a Hit: a rule or trace would have it stop, and this task must
	// not be held here (a spinlock, an interrupt, the process that drives).
	Why string

	Ret  int64         // Ret, Done
	Took time.Duration // Ret, Done: from entry to return
	ID   string        // Thread, Done
	N    uint64        // Thread, Done, End, Mark, Area, Count

	// Used is the number of permits in use, -1 when not told.
	Used    int
	Limit   int // of Permits
	Waiting int // threads that wait for one, -1 where the kernel does not count them

	Refs    int64    // Module: reference count as /proc/modules shows it
	Sysfs   []string // Module: what its /sys/module directory holds; "dir" is the directory
	Taints  uint64   // Module: taint bits
	Address uint64   // Area: in the kernel's address space
	Lost    uint64   // events lost right before this one
}

// ErrEvent says that a line is not one of the driver's.
var ErrEvent = errors.New("malformed driver event")

// maxEvent bounds the length of an event's line, the newline included.
const maxEvent = 1024

// ParseEvent reads one line of the stream, without its newline.
func ParseEvent(line string) (Event, error) {
	bad := func(format string, args ...any) (Event, error) {
		return Event{}, fmt.Errorf("%w: "+format+" in %.120q", append(append([]any{ErrEvent}, args...), line)...)
	}
	if len(line) >= maxEvent {
		return bad("%d bytes", len(line))
	}
	w := strings.Split(line, " ")
	if len(w) < 3 {
		return bad("%d words", len(w))
	}
	e := Event{Kind: Kind(w[2]), Used: -1, Waiting: -1}
	var err error
	if e.Seq, err = strconv.ParseUint(w[0], 10, 64); err != nil || e.Seq == 0 {
		return bad("no sequence number")
	}
	if e.Time, err = strconv.ParseInt(w[1], 10, 64); err != nil || e.Time < 0 {
		return bad("no time")
	}
	if !slices.Contains(kinds, e.Kind) {
		return bad("no kind")
	}
	seen := map[string]bool{}
	for _, pair := range w[3:] {
		key, text, ok := strings.Cut(pair, "=")
		if !ok || seen[key] {
			return bad("word %.40q", pair)
		}
		seen[key] = true
		if text, err = unescape(text); err != nil {
			return bad("%s: %v", key, err)
		}
		if err := e.set(key, text); err != nil {
			return bad("%s: %v", key, err)
		}
	}
	return e, nil
}

// set gives one field its value.
func (e *Event) set(key, text string) (err error) {
	number := func(lo, hi int64) int64 {
		n, nerr := strconv.ParseInt(text, 10, 64)
		if nerr != nil || n < lo || n > hi {
			err = fmt.Errorf("no number from %d to %d", lo, hi)
		}
		return n
	}
	unsigned := func() uint64 {
		n, nerr := strconv.ParseUint(text, 10, 64)
		if nerr != nil {
			err = errors.New("no number")
		}
		return n
	}
	const i32 = 1<<31 - 1
	switch key {
	case "point":
		e.Point = text
	case "pid":
		e.PID = int(number(0, i32))
	case "tgid":
		e.TGID = int(number(0, i32))
	case "comm":
		e.Comm = text
	case "traced":
		e.Traced = number(1, 1) == 1
	case "module":
		e.Module = text
	case "state":
		if e.State = trace.State(text); !e.State.Valid() {
			err = errors.New("no module state")
		}
	case "name":
		e.Name = text
	case "req":
		e.Request = unsigned()
	case "rule":
		e.Rule = int(number(1, MaxRule))
	case "do":
		e.Do = Action(text)
		if !slices.Contains([]Action{DoRecord, DoHold, DoDelay, DoFail}, e.Do) {
			err = errors.New("no action")
		}
	case "errno":
		e.Errno = int(number(1, 4095))
	case "why":
		e.Why = text
	case "ret":
		e.Ret = number(-1<<63, 1<<63-1)
	case "took":
		e.Took = time.Duration(number(0, 1<<63-1))
	case "id":
		e.ID = text
	case "n":
		e.N = unsigned()
	case "used":
		e.Used = int(number(0, i32))
	case "limit":
		e.Limit = int(number(0, i32))
	case "waiting":
		e.Waiting = int(number(0, i32))
	case "refs":
		e.Refs = number(-i32, i32)
	case "sysfs":
		e.Sysfs = strings.Split(text, "+")
	case "taints":
		e.Taints = unsigned()
	case "address":
		e.Address = unsigned()
	case "lost":
		e.Lost = unsigned()
	default:
		err = errors.New("no such key")
	}
	return err
}
