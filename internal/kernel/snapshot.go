package kernel

import "example.org/kmodsh/internal/trace"

// Snapshot is all there is to see of a Debugger at one position. It is a value
// of its own: nothing in it changes when the target goes on.
type Snapshot struct {
	Target string `json:"target"`
	// Kernel is the version whose behaviour the target has, such as "6.12".
	Kernel string `json:"kernel"`
	Pos    int    `json:"pos"`
	End    int    `json:"end"`    // last position known
	Now    int64  `json:"now_ns"` // the target's clock
	// AllDone: every thread has ended. Deadlock: nobody can move, nobody is
	// held, no time-out is due, and somebody waits.
	AllDone  bool          `json:"all_done"`
	Deadlock bool          `json:"deadlock"`
	Modules  []ModuleState `json:"modules"` // on the kernel's list, newest first
	Listed   []Module      `json:"listed"`  // what /proc/modules shows, in its order
	Threads  []ThreadState `json:"threads"` // in the order they were made
	Permits  Permits       `json:"permits"`
	UMH      string        `json:"umh"`      // "enabled", "freezing", "disabled"
	Modprobe string        `json:"modprobe"` // path of the helper
	Policy   string        `json:"policy"`   // the helper's
	Helper   string        `json:"helper"`   // what the helper does, "real" unless it lies
	Taints   string        `json:"taints"`   // letters
	Faults   []Fault       `json:"faults"`
	Leaks    []Allocation  `json:"allocated"` // what is allocated for modules now
	Events   []trace.Event `json:"events"`    // the last ones
	Log      []string      `json:"log"`       // the end of the kernel's log
	// LogAhead is how many nanoseconds the clock of the log's lines is ahead of
	// Now and of the times of moves.
	LogAhead int64 `json:"-"`
	// Moves are what led to each position known, in order, also to those beyond
	// the present; empty when the target does not tell. Nobody may change them.
	Moves []Move `json:"-"`
	// HidesAddresses and HidesSections: addresses in /proc/modules, and in the
	// files of sections, are zero for readers without CAP_SYSLOG.
	HidesAddresses bool `json:"-"`
	HidesSections  bool `json:"-"`
	// IsBuiltin says whether a module is in the kernel image, HasDir whether
	// /sys/module has a directory of that name.
	IsBuiltin func(name string) bool `json:"-"`
	HasDir    func(name string) bool `json:"-"`
}

// ModuleState is a module as the kernel knows it, also where nobody else can
// see it.
type ModuleState struct {
	Name      string      `json:"name"`
	State     trace.State `json:"state"`
	Refs      int64       `json:"refs"`             // as /proc/modules shows it: one less than the counter
	Loader    string      `json:"loader"`           // thread that loaded it
	Uses      []string    `json:"uses"`             // modules it holds references on
	Users     []string    `json:"users"`            // modules that hold references on it
	Dir       bool        `json:"dir"`              // /sys/module/NAME exists
	Initstate trace.State `json:"initstate"`        // text of its initstate, "" when there is none
	Files     []string    `json:"files"`            // entries of the directory
	Taints    string      `json:"taints"`           // letters
	Params    []string    `json:"params,omitempty"` // name=value, as parsed
	Address   uint64      `json:"-"`                // of its text, 0 while it is unformed
}

// ThreadState is one thread.
type ThreadState struct {
	ID      string `json:"id"`
	PID     int    `json:"pid"`
	Comm    string `json:"comm"`
	Parent  string `json:"parent,omitempty"`
	Task    string `json:"task,omitempty"` // in words, "" for a thread the kernel made
	Status  string `json:"status"`         // "ready", "blocked", "held", "done"
	At      string `json:"at"`             // point it stands at, "" before the first
	Module  string `json:"module,omitempty"`
	Request uint64 `json:"request,omitempty"`
	Waits   string `json:"waits,omitempty"` // what it waits for, in words
	// Until is when its wait times out, in nanoseconds on the target's clock; 0 never.
	Until   int64   `json:"until_ns,omitempty"`
	Done    bool    `json:"done"`
	Killed  bool    `json:"killed,omitempty"`
	Result  int64   `json:"result"` // what its task returned; a helper's wait status, and 9 of a process that was killed
	Verdict Verdict `json:"verdict,omitempty"`
	Gone    bool    `json:"gone,omitempty"` // see Outcome.Gone
	Began   int64   `json:"began_ns"`
	Ended   int64   `json:"ended_ns,omitempty"`
	Error   string  `json:"error,omitempty"`
}

// Permits are those of request_module().
type Permits struct {
	Used    int `json:"used"`
	Max     int `json:"max"`
	Waiting int `json:"waiting"` // requests that wait for one
}

// Allocation is something a load allocated that has not been given back.
type Allocation struct {
	Kind   string `json:"kind"`
	Module string `json:"module"`
	Thread string `json:"thread"`
	Detail string `json:"detail,omitempty"`
	Point  string `json:"point"` // where it was made
	// Leaked: the load it was for has ended without it, or the module is gone.
	Leaked bool `json:"leaked,omitempty"`
}

// Thread returns the thread of an ID, nil when there is none.
func (s *Snapshot) Thread(id string) *ThreadState {
	for i := range s.Threads {
		if s.Threads[i].ID == id {
			return &s.Threads[i]
		}
	}
	return nil
}

// Module returns a module on the kernel's list, nil when there is none.
func (s *Snapshot) Module(name string) *ModuleState {
	name = Normalize(name)
	for i := range s.Modules {
		if s.Modules[i].Name == name {
			return &s.Modules[i]
		}
	}
	return nil
}

// State returns a module's true state: also unformed, absent and builtin.
func (s *Snapshot) State(name string) trace.State {
	if m := s.Module(name); m != nil {
		return m.State
	}
	if s.IsBuiltin != nil && s.IsBuiltin(Normalize(name)) {
		return trace.Builtin
	}
	return trace.Absent
}
