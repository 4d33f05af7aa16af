// Package ops holds the verbs: a user's word becomes an action, once, for the
// command line, the shell, the screen, scripts and the documentation. A verb is
// one file: its arguments, what it does to a target, its typed result and how
// that reads as text.
//
// It must not know how a front reads keys or draws, nor what is behind a
// target.
package ops

import (
	"context"
	"errors"
	"io"

	"example.org/kmodsh/internal/kernel"
)

// ErrQuit is what the verb quit returns; a front ends on it.
var ErrQuit = errors.New("quit")

// UsageError says that the person's words were not understood.
type UsageError struct {
	Verb string // "" when no verb was recognised
	Msg  string // what was wrong
	Hint string // what to do: a usage line, a near match
}

func (e *UsageError) Error() string {
	s := e.Msg
	if e.Verb != "" {
		s = e.Verb + ": " + s
	}
	if e.Hint != "" {
		s += "\n" + e.Hint
	}
	return s
}

// Verb is one row of the table of verbs.
type Verb struct {
	Name    string   // the word a person types
	Aliases []string // other words for it
	Group   string   // heading in help: "modules", "look", "session"
	Short   string   // one line
	Usage   string   // arguments in words: "NAME [PARAM=VALUE...]"
	// Needs lists what the target must be able to do.
	Needs []kernel.Op
	// New returns a fresh command with its default values; its exported
	// fields carry kong tags and are the verb's flags and arguments.
	New func() Command
	// Condition says that the rest of a line behind the verb is one condition.
	Condition bool
	// Examples are lines a person can type as they are.
	Examples []string
}

// Command is a verb with its arguments filled in.
type Command interface {
	// Run does it. A result may come with an error: as far as it got.
	Run(ctx context.Context, s *Session) (Result, error)
}

// Completing is implemented by commands that can complete their arguments.
type Completing interface {
	// Complete returns candidates for the argument word being typed, given
	// the complete words before it (the verb itself left out).
	Complete(s *Session, before []string, word string) []Candidate
}

// Candidate is one completion.
type Candidate struct {
	Text string // replaces the word being typed
	Note string // what it is, in a few words
}

// Result is what a verb returns: a plain value that encoding/json can write
// (field names are part of the interface), which can also show itself as text.
type Result interface {
	// WriteText writes the result for a person. It ends with a line break.
	WriteText(w io.Writer, st Style) error
}

// Style tells WriteText what the place it writes to can show.
type Style struct {
	Width int  // columns, 0 when unknown
	Color bool // SGR sequences allowed; meaning must never hang on them
	ASCII bool // ASCII only
}
