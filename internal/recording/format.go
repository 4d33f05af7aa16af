package recording

import (
	"encoding/json"
	"fmt"
	"hash/fnv"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Format and Version are what the header of every file says. A reader takes
// files of its own version and of earlier ones; within a version, lines and
// fields may be added, which older readers pass over.
const (
	Format  = "kmodsh trace"
	Version = 1
)

// Suffix ends the names of trace files.
const Suffix = ".trace"

// The types of lines.
const (
	typeHeader   = "header"
	typeEvent    = "event"
	typeSnapshot = "snapshot"
	typeAction   = "action"
	typeSchedule = "schedule"
	typeVerb     = "verb"
	typeBack     = "back"
	typeDied     = "died"
	typeEnd      = "end"
)

// Header is the first line of a file: what was recorded, and where.
type Header struct {
	Type    string `json:"type"`
	Format  string `json:"format"`
	Version int    `json:"version"`
	// Target is how a person names it, "sim:v6.12"; Kernel the version whose
	// behaviour it has, "6.12".
	Target   string           `json:"target"`
	Kernel   string           `json:"kernel,omitempty"`
	Scenario string           `json:"scenario,omitempty"`
	Info     *kernel.Info     `json:"info,omitempty"`
	Settings []kernel.Setting `json:"settings,omitempty"`
	// Points is pointsSum of the table of points that the events are of.
	Points string `json:"points"`
	// Steps says that the target's threads stopped at every point, so that the
	// file has snapshots of all there was to see. Without it the positions are
	// those of the events.
	Steps bool `json:"steps"`
	// Unrepeated says why doing the actions again on a target that was just opened
	// would not come to the same, "" when nothing speaks against it.
	Unrepeated string `json:"unrepeated,omitempty"`
	// Builtin lists the modules in the kernel image, Dirs those of them that
	// have a directory in /sys/module.
	Builtin []string `json:"builtin,omitempty"`
	Dirs    []string `json:"dirs,omitempty"`
	// Given is what the target was opened with besides its name, nil when it was
	// nothing, or the file is older than the field.
	Given *Given `json:"given,omitempty"`
}

// pointsSum is a hash of the table of points: of a file with the same, every
// point means what it means here.
func pointsSum() string {
	h := fnv.New64a()
	for _, p := range trace.Points() {
		fmt.Fprintf(h, "%s\n%s\n%s\n", p.ID, p.Name, p.Says)
	}
	return fmt.Sprintf("%016x", h.Sum64())
}

// Verb is a verb that a person ran while the target was recorded.
type Verb struct {
	Line   string          `json:"line"`             // as typed
	Exit   int             `json:"exit"`             // status, 0 when it was done
	Error  string          `json:"error,omitempty"`  // why it failed
	Result json.RawMessage `json:"result,omitempty"` // as --json writes it
	Text   string          `json:"text,omitempty"`   // as it was shown
	Time   int64           `json:"t"`                // nanoseconds since the recording began
	// Pos is the position afterwards, Events the number of events before it.
	Pos    int `json:"pos"`
	Events int `json:"events"`
}

type eventLine struct {
	Type string `json:"type"`
	trace.Event
}

type actionLine struct {
	Type   string          `json:"type"`
	Pos    int             `json:"pos"` // position it leads to, from 1
	Action json.RawMessage `json:"action"`
	// Events is how many events there were then, where a replay has to know.
	Events int `json:"events,omitempty"`
}

// Died says what was being done at the last position when the kernel under test
// died of it.
type Died struct {
	Action json.RawMessage `json:"action"`
	Why    string          `json:"why"`
}

type diedLine struct {
	Type string `json:"type"`
	Died
}

type scheduleLine struct {
	Type     string          `json:"type"`
	Schedule json.RawMessage `json:"schedule"`
}

type verbLine struct {
	Type string `json:"type"`
	Verb
}

// backLine says that the target has gone back: what the file had of later
// events, positions and actions is no longer so.
type backLine struct {
	Type   string `json:"type"`
	Pos    int    `json:"pos"`
	Events int    `json:"events"` // how many are still so
}

type endLine struct {
	Type      string `json:"type"`
	Events    int    `json:"events"` // lines in the file
	Snapshots int    `json:"snapshots"`
	Verbs     int    `json:"verbs"`
	Why       string `json:"why,omitempty"` // it ended before it was told to
}

// frame is a snapshot as the file has it: what is not there is as in the frame
// before. Key frames have all.
type frame struct {
	Type    string               `json:"type"`
	Pos     int                  `json:"pos"`
	Key     bool                 `json:"key,omitempty"`
	Now     int64                `json:"now_ns"`
	Rest    *rest                `json:"rest,omitempty"`
	Modules []kernel.ModuleState `json:"modules,omitempty"` // those that changed
	// ModuleOrder lists all modules, ThreadOrder all threads, where the list
	// is another one than before.
	ModuleOrder *[]string            `json:"module_order,omitempty"`
	Threads     []kernel.ThreadState `json:"threads,omitempty"` // those that changed
	ThreadOrder *[]string            `json:"thread_order,omitempty"`
	Listed      *[]kernel.Module     `json:"listed,omitempty"`
	Leaks       *[]kernel.Allocation `json:"allocated,omitempty"`
	Log         []string             `json:"log,omitempty"`     // new lines
	LogCut      int                  `json:"log_cut,omitempty"` // lines that left at its beginning

	events int // events before it
}

// items counts what takes memory in a frame.
func (f *frame) items() int {
	n := 1 + len(f.Modules) + len(f.Threads) + len(f.Log)
	for _, order := range []*[]string{f.ModuleOrder, f.ThreadOrder} {
		if order != nil {
			n += len(*order)
		}
	}
	if f.Listed != nil {
		n += len(*f.Listed)
	}
	if f.Leaks != nil {
		n += len(*f.Leaks)
	}
	if f.Rest != nil {
		n += len(f.Rest.Faults)
	}
	return n
}

// rest is what a snapshot has besides its lists.
type rest struct {
	AllDone        bool           `json:"all_done"`
	Deadlock       bool           `json:"deadlock"`
	Permits        kernel.Permits `json:"permits"`
	UMH            string         `json:"umh,omitempty"`
	Modprobe       string         `json:"modprobe,omitempty"`
	Policy         string         `json:"policy,omitempty"`
	Helper         string         `json:"helper,omitempty"`
	Taints         string         `json:"taints,omitempty"`
	Faults         []kernel.Fault `json:"faults,omitempty"`
	HidesAddresses bool           `json:"hides_addresses,omitempty"`
	HidesSections  bool           `json:"hides_sections,omitempty"`
}

func restOf(s *kernel.Snapshot) rest {
	return rest{
		AllDone: s.AllDone, Deadlock: s.Deadlock, Permits: s.Permits, UMH: s.UMH, Modprobe: s.Modprobe, Policy: s.Policy,
		Helper: s.Helper, Taints: s.Taints, Faults: s.Faults, HidesAddresses: s.HidesAddresses, HidesSections: s.HidesSections,
	}
}

func (r *rest) into(s *kernel.Snapshot) {
	s.AllDone, s.Deadlock, s.Permits, s.UMH, s.Modprobe = r.AllDone, r.Deadlock, r.Permits, r.UMH, r.Modprobe
	s.Policy, s.Helper, s.Taints, s.Faults = r.Policy, r.Helper, r.Taints, r.Faults
	s.HidesAddresses, s.HidesSections = r.HidesAddresses, r.HidesSections
}
