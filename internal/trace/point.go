package trace

// Phase groups the points of the table.
type Phase string

// The phases, in the order a request meets them.
const (
	PhaseRequest Phase = "request" // request_module(), R1 to R9
	PhaseHelper  Phase = "helper"  // the modprobe process, H0 to H9
	PhaseLoad    Phase = "load"    // load_module(), L0 to L19
	PhaseSysfs   Phase = "sysfs"   // mod_sysfs_setup(), W0 to W9
	PhaseUnload  Phase = "unload"  // delete_module() and free_module(), U0 to U9
	PhaseRefs    Phase = "refs"    // reference counts, G1 and G2
	PhaseSeen    Phase = "seen"    // a state seen from outside, S1
)

// Func is the kernel function whose entry is a point, from one version on.
type Func struct {
	Since string `json:"since"` // first version it holds for, "4.9"
	Name  string `json:"name"`  // C name, "" where it is inlined on that version
	File  string `json:"file,omitempty"`
}

// Point is one row of the table of points: a named place on the way of a
// load, a request or an unload, where an event is recorded and a thread may be
// held. The simulator, the driver, the screens and the generated docs all read
// this table; a new point is a new row.
type Point struct {
	ID    string `json:"id"`    // "L14"
	Name  string `json:"name"`  // two or three words, "sysfs set-up"
	Phase Phase  `json:"phase"` //
	// Says is what happens there, in one plain sentence.
	Says string `json:"says"`
	// Sees is what a person can see from outside at that moment.
	Sees string `json:"sees"`
	// Funcs lists the kernel function per version, oldest first; empty for
	// points of user space.
	Funcs []Func `json:"funcs,omitempty"`
	// Hooks says how the test driver attaches there on a real kernel.
	Hooks []Hook `json:"-"`
	// Hold says whether a thread may be held there; Why says why not.
	Hold bool   `json:"hold"`
	Why  string `json:"why,omitempty"`
	// Fail lists the errno names the step may be made to fail with.
	Fail []string `json:"fail,omitempty"`
	// Tracepoint is the kernel tracepoint that shows it, "module:module_load".
	Tracepoint string `json:"tracepoint,omitempty"`
	// Source names where the rule is from: kernel file and version, or section.
	Source string `json:"source"`
}
