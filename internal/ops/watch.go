package ops

import (
	"context"

	"example.org/kmodsh/internal/kernel"
)

func watchVerb() *Verb {
	return &Verb{
		Name: "watch", Aliases: []string{"screen"}, Group: groupSession,
		Short:    "open the full screen on the target; q comes back here",
		Needs:    []kernel.Op{kernel.OpInfo},
		New:      func() Command { return new(watchCommand) },
		Examples: []string{"watch"},
	}
}

type watchCommand struct{}

// Run says why there is no screen: a front that has one opens it itself.
func (c *watchCommand) Run(context.Context, *Session) (Result, error) {
	return nil, &UsageError{Msg: "there is a screen only on a terminal that can move its cursor (TERM)", Hint: "kmodsh --on TARGET watch opens it from the command line"}
}
