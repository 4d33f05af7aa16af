package condition

// Promise is a condition with a name that is to hold at every step.
type Promise struct {
	Name string `json:"name"`
	Says string `json:"says"`
	Cond string `json:"cond"`
}

// Promises returns the table of named promises. Those about the end of a run
// begin with "not finished or".
func Promises() []Promise {
	return []Promise{
		{"zero-means-ready", "Whoever is told of success asked for what was live or built in at some moment between the call and the answer.",
			`none(threads, .done and .result == 0 and .verdict in ["premature", "false-builtin", "lost"] and not .gone)`},
		{"no-spurious-failure", "Whoever is told of failure finds no live module.",
			`none(threads, .done and .verdict == "spurious")`},
		{"failure-reaches-its-caller", "A helper that failed is never success to the caller that waited for it.",
			`none(threads, .parent != "" and .done and .result != 0 and thread(.parent).verb == "request" and not (thread(.parent).task contains "--nowait") and result(.parent) == 0)`},
		{"nothing-leaks", "In the end nothing is allocated but for modules that are live.",
			`not finished or all(allocations, state(.module) == "live")`},
		{"nobody-waits-forever", "Somebody can always move until all have ended.",
			`not deadlock`},
		// The counter itself goes above the limit up to 4.12, where it also
		// counts those who are being refused.
		{"limit-is-kept", "No more requesters wait for their helpers at once than there are permits.",
			`count(threads, .parent != "" and not .done and thread(.parent).status == "blocked") <= permits.max`},
		{"refs-balance", "In the end a live module's reference count is the number of its users.",
			`not finished or all(modules, .refs == len(.users))`},
		{"kernel-stays-healthy", "The kernel's log has no panic, oops, warning, lockdep or hung-task report.",
			`len(reports) == 0`},
	}
}

// CompilePromise reads the name of a promise, or a condition of one's own.
func CompilePromise(text string) (*Condition, error) {
	for _, p := range Promises() {
		if p.Name == text {
			return Compile(p.Cond)
		}
	}
	return Compile(text)
}
