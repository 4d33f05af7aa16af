package wire

import (
	"example.org/kmodsh/internal/kernel"
)

// The operations of the debugger, with the types of their arguments and
// results. Each of those that move threads answers once all threads stand: at
// a point, in a wait that is known, or at their end. With a Look in their
// arguments they answer a whole Snapshot, which has the Threads in it.
const (
	OpSpawn    Op = "spawn"    // Spawn -> Threads
	OpStep     Op = "step"     // ThreadArgs -> Threads
	OpAwait    Op = "await"    // Await -> Threads
	OpFree     Op = "free"     // Free -> Threads
	OpRelease  Op = "release"  // ThreadArgs -> Threads
	OpSignal   Op = "signal"   // Signal -> Threads
	OpFault    Op = "fault"    // FaultArgs -> nothing
	OpUnfault  Op = "unfault"  // Unfault -> nothing
	OpSet      Op = "set"      // Setting -> nothing
	OpSettings Op = "settings" // nothing -> []kernel.Setting
	OpSnapshot Op = "snapshot" // Tell -> Snapshot
	OpOutcome  Op = "outcome"  // ThreadArgs -> Outcome
	OpDriver   Op = "driver"   // nothing -> Driver
	OpAccount  Op = "account"  // nothing -> kernel.Account
)

// Tell is what those that move threads are to answer.
type Tell struct {
	// Since is the Version of the last answer the host has: only threads that
	// have changed after it come back.
	Since uint64 `json:"since,omitempty"`
	// Look asks for a whole Snapshot.
	Look *Look `json:"look,omitempty"`
}

// Spawn makes a thread that will do Task.
type Spawn struct {
	ID   string      `json:"id"`
	Task kernel.Task `json:"task"`
	Tell
}

// ThreadArgs names a thread.
type ThreadArgs struct {
	ID string `json:"id"`
	// Free, of a step: it does not stop at points, but for holds, and neither
	// do its helpers.
	Free bool `json:"free,omitempty"`
	Tell
}

// Await waits until a thread that could not move can, or has ended, or For
// nanoseconds are over; 0: until no thread moves by itself any more.
type Await struct {
	For int64 `json:"for_ns,omitempty"`
	Tell
}

// Free lets all threads go on without a stop at points, but for holds, until
// all have ended or wait for something that no time ends, or the limit is over.
type Free struct {
	Limit int64 `json:"limit_ns,omitempty"` // of the guest's clock, 0 none
	Tell
}

// Signal sends a signal, "TERM" or "KILL".
type Signal struct {
	ID     string `json:"id"`
	Signal string `json:"signal"`
	Tell
}

// FaultArgs puts a fault in force; its number is the host's.
type FaultArgs struct {
	Fault kernel.Fault `json:"fault"`
}

// Unfault takes one out of force.
type Unfault struct {
	Number int `json:"n"`
}

// Setting is "name=value".
type Setting struct {
	Text string `json:"text"`
}

// Thread is a thread with what only the debugger needs of it.
type Thread struct {
	kernel.ThreadState
	// Timed: its wait ends by itself.
	Timed bool `json:"timed,omitempty"`
}

// Threads answers what moves threads: those that have changed, in the order
// they were made.
type Threads struct {
	Version uint64   `json:"version"`
	Now     int64    `json:"now"` // CLOCK_MONOTONIC, nanoseconds
	Threads []Thread `json:"threads"`
	Seq     uint64   `json:"seq"`             // of the last event
	Stuck   string   `json:"stuck,omitempty"` // why the thread could not be moved, in words
}

// Look says what the host has of earlier snapshots.
type Look struct {
	LogSeq uint64 `json:"log_seq,omitempty"` // of the last line of the kernel's log the host has, 0 none
	Seen   uint64 `json:"seen,omitempty"`    // number of the last snapshot the host took in, 0 none
}

// Snapshot is what the guest sees of itself. What is as it was in the snapshot
// that the host has is not told again: the link is slow.
type Snapshot struct {
	Threads
	Number  uint64          `json:"number"`  // of this snapshot
	Modules []Module        `json:"modules"` // in order
	Listed  []kernel.Module `json:"listed"`  // null: as it was
	Permits kernel.Permits  `json:"permits"`
	UMH     string          `json:"umh"`
	// As in kernel.Snapshot.
	HidesAddresses bool `json:"hides_addresses,omitempty"`
	HidesSections  bool `json:"hides_sections,omitempty"`

	Modprobe string         `json:"modprobe"`
	Policy   string         `json:"policy"`
	Helper   string         `json:"helper"`
	Taints   string         `json:"taints"`
	Faults   []kernel.Fault `json:"faults"`
	Dirs     []string       `json:"dirs"` // of /sys/module without a module; null: as they were
	// Allocated is the memory of modules, as far as the driver can tell whose
	// it is; null: as it was.
	Allocated []kernel.Allocation `json:"allocated"`
	Log       []string            `json:"log"` // lines after LogSeq
	LogSeq    uint64              `json:"log_seq"`
	LogAhead  int64               `json:"log_ahead,omitempty"` // nanoseconds, as in kernel.Snapshot
}

// Module is one of a snapshot: as it is now, or the name of one that is as it
// was.
type Module struct {
	Same string              `json:"same,omitempty"`
	Now  *kernel.ModuleState `json:"now,omitempty"`
}

// Outcome is kernel.Outcome with its error.
type Outcome struct {
	kernel.Outcome
	Error *Error `json:"error,omitempty"`
}

// Driver says whether the test driver is there.
type Driver struct {
	Loaded bool   `json:"loaded"`
	Why    string `json:"why,omitempty"` // it is not
}
