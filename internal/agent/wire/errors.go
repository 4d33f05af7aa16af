package wire

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"example.org/kmodsh/internal/kernel"
)

// Error carries an error across the wire so that errors.Is and errors.As
// answer the same on both ends.
type Error struct {
	Kind string `json:"kind"` // one of the kinds below
	Text string `json:"text"`
	// Of a kind "load", the fields of kernel.LoadError:
	Op     string   `json:"op,omitempty"`
	Module string   `json:"module,omitempty"`
	File   string   `json:"file,omitempty"`
	Errno  int      `json:"errno,omitempty"`
	Log    []string `json:"log,omitempty"`
	// Of the kinds "load" and "unsupported": why.
	Why string `json:"why,omitempty"`
}

// kinds pairs a word of the wire with the sentinel it stands for.
var kinds = []struct {
	kind string
	err  error
}{
	{"not-loaded", kernel.ErrNotLoaded}, // before what it is as well
	{"not-found", kernel.ErrNotFound},
	{"invalid-name", kernel.ErrInvalidName},
	{"damaged", kernel.ErrDamaged},
	{"oops", kernel.ErrOops},
	{"protocol", ErrProtocol},
	{"canceled", context.Canceled},
	{"deadline", context.DeadlineExceeded},
}

// FromError puts err into the form of the wire; nil stays nil.
func FromError(err error) *Error {
	if err == nil {
		return nil
	}
	e := &Error{Kind: "other", Text: err.Error()}
	var load *kernel.LoadError
	var no *kernel.UnsupportedError
	var words *kernel.WordsError
	switch {
	case errors.As(err, &words):
		e.Kind, e.Text = "words", words.Msg
		return e
	case errors.As(err, &load):
		e.Kind = "load"
		e.Op, e.Module, e.File, e.Errno, e.Log = load.Op, load.Module, load.File, int(load.Errno), load.Log
		e.Why = load.Why
		if load.Err != nil {
			e.Text = load.Err.Error()
		}
		return e
	case errors.As(err, &no):
		e.Kind, e.Op, e.Why = "unsupported", string(no.Op), no.Why
		return e
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			e.Kind = k.kind
			break
		}
	}
	e.Errno = int(kernel.ErrnoOf(err))
	return e
}

// remote is an error that came over the wire: the text as it was, and what it
// stands for here.
type remote struct {
	text string
	err  error
}

func (r *remote) Error() string { return r.text }
func (r *remote) Unwrap() error { return r.err }

// Err turns the wire's form back into an error; target names the sender.
func (e *Error) Err(target string) error {
	if e == nil {
		return nil
	}
	switch e.Kind {
	case "load":
		err := &kernel.LoadError{Op: e.Op, Module: e.Module, File: e.File, Errno: syscall.Errno(e.Errno), Log: e.Log, Why: e.Why}
		if e.Errno == 0 {
			err.Err = errors.New(e.Text)
		}
		return err
	case "words":
		return &kernel.WordsError{Msg: e.Text}
	case "unsupported":
		return &kernel.UnsupportedError{Target: target, Op: kernel.Op(e.Op), Why: e.Why}
	}
	for _, k := range kinds {
		if k.kind == e.Kind {
			return &remote{e.Text, k.err}
		}
	}
	if e.Errno != 0 {
		return &remote{e.Text, syscall.Errno(e.Errno)}
	}
	return fmt.Errorf("%s: %s", target, e.Text)
}
