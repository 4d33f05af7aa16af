package ops

import "context"

func quitVerb() *Verb {
	return &Verb{
		Name: "quit", Aliases: []string{"exit", "q"}, Group: groupSession,
		Short:    "leave",
		New:      func() Command { return new(quitCommand) },
		Examples: []string{"quit"},
	}
}

type quitCommand struct{}

func (*quitCommand) Run(context.Context, *Session) (Result, error) { return nil, ErrQuit }
