package kernel

import (
	"context"
	"slices"
)

// LookOnly has the methods of a Target in which nothing can be done, since it
// holds what another kernel has shown. Such a target embeds it.
type LookOnly struct {
	// Refuse says of what is to be done why it cannot be: the target's Can.
	Refuse func(Op) error
}

// Load implements Target: it cannot.
func (l LookOnly) Load(_ context.Context, req LoadRequest) (LoadResult, error) {
	return NoLoad(req.Name), l.Refuse(OpLoad)
}

// Unload implements Target: it cannot.
func (l LookOnly) Unload(_ context.Context, req UnloadRequest) (UnloadResult, error) {
	return UnloadResult{Name: req.Name, Steps: []Step{}}, l.Refuse(OpUnload)
}

// Request implements Target: it cannot.
func (l LookOnly) Request(_ context.Context, name string) (RequestResult, error) {
	return RequestResult{Name: name, Asked: []string{}, Helpers: []Helper{}, Modules: []string{}}, l.Refuse(OpRequest)
}

// Sync implements Target: all events are there.
func (LookOnly) Sync(context.Context) error { return nil }

// LastLines returns a copy of the last n lines of a log, of all when n is 0.
func LastLines(lines []string, n int) []string {
	if n > 0 && len(lines) > n {
		lines = lines[len(lines)-n:]
	}
	return slices.Clone(lines)
}
