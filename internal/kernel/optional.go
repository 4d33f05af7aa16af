package kernel

import "context"

// What follows are abilities that some Debuggers have beyond the interface; who
// wants one asks by a type assertion.

// Stopper is implemented by a Debugger whose threads do not stop at every point
// of the table.
type Stopper interface {
	// StopsAt lists the IDs of the points at which they do.
	StopsAt() []string
}

// Keeper is implemented by a Debugger that can keep its present position for
// another day.
type Keeper interface {
	// Keep keeps the present position under a name, made of letters, digits and
	// dashes, and returns the name of a target that begins there, as --on takes
	// it.
	Keep(ctx context.Context, name string) (target string, err error)
}
