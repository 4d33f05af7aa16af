package inject

import (
	"fmt"
	"strconv"
	"time"
)

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
