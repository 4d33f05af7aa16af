package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"example.org/kmodsh/internal/kernel"
)

// Stream is a result that goes on, such as events that are followed. The value
// itself is what there was at first; a front that can show more calls Next.
type Stream interface {
	Result
	// Next waits for the next part. It ends with io.EOF when there is no
	// more, and when ctx is done.
	Next(ctx context.Context) (Result, error)
}

// Write writes a result: as one line of JSON, or as text for a person. A nil
// result writes nothing. Of a Stream it writes the first part only.
func Write(w io.Writer, r Result, asJSON bool, st Style) error {
	if r == nil {
		return nil
	}
	if !asJSON {
		return r.WriteText(w, st)
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(r)
}

// WriteAll is Write that also writes the parts of a Stream as they come, until
// the stream ends or ctx is done.
func WriteAll(ctx context.Context, w io.Writer, r Result, asJSON bool, st Style) error {
	if err := Write(w, r, asJSON, st); err != nil {
		return err
	}
	stream, ok := r.(Stream)
	for ok {
		part, err := stream.Next(ctx)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := Write(w, part, asJSON, st); err != nil {
			return err
		}
	}
	return nil
}

// ErrorReport is an error as --json writes it.
type ErrorReport struct {
	Error string `json:"error"` // one sentence
	// Kind tells who failed: "usage", "unavailable", "module" (the kernel
	// refused), "not-found", "not-loaded" (a module that is to be unloaded),
	// "damaged", "kernel" (it went down), "lab", "expectation" and "promise" (a condition did not hold), "stuck" (a thread
	// cannot move), "cancelled", "other".
	Kind   string   `json:"kind"`
	Exit   int      `json:"exit"`
	Errno  string   `json:"errno,omitempty"`
	Module string   `json:"module,omitempty"`
	File   string   `json:"file,omitempty"`
	Log    []string `json:"log,omitempty"` // what the kernel logged, or the last console lines
	Hint   string   `json:"hint,omitempty"`
	Where  string   `json:"where,omitempty"` // file:line of a script
}

// ReportError takes an error apart for a front.
func ReportError(err error) *ErrorReport {
	where := ""
	for line := (*LineError)(nil); errors.As(err, &line); err = line.Err {
		where = fmt.Sprintf("%s:%d", line.File, line.Line)
	}
	r := &ErrorReport{Error: err.Error(), Kind: "other", Exit: ExitCode(err), Where: where}
	var usage *UsageError
	var load *kernel.LoadError
	var dead *kernel.DeadError
	var expected *ExpectError
	var promised *PromiseError
	var stuck *kernel.StuckError
	switch {
	case errors.As(err, &usage):
		r.Kind, r.Hint = "usage", usage.Hint
		r.Error = (&UsageError{Verb: usage.Verb, Msg: usage.Msg}).Error()
	case errors.As(err, &dead):
		r.Kind, r.Log = string(dead.Blame), dead.Console
		r.Error = (&kernel.DeadError{Target: dead.Target, Blame: dead.Blame, What: dead.What, During: dead.During, Err: dead.Err}).Error()
	case errors.As(err, &load):
		r.Kind, r.Module, r.File, r.Log = "module", load.Module, load.File, load.Log
		short := *load
		short.Log = nil
		r.Error = short.Error()
	case r.Exit == ExitUnavailable:
		r.Kind = "unavailable"
	case errors.As(err, &expected):
		r.Kind = "expectation"
	case errors.As(err, &promised), errors.Is(err, errBroken):
		r.Kind = "promise"
	case errors.As(err, &stuck):
		r.Kind = "stuck"
	case errors.Is(err, kernel.ErrNotLoaded):
		r.Kind = "not-loaded"
	case errors.Is(err, kernel.ErrNotFound):
		r.Kind = "not-found"
	case errors.Is(err, kernel.ErrDamaged):
		r.Kind = "damaged"
	case errors.Is(err, context.Canceled):
		r.Kind, r.Error = "cancelled", "cancelled"
	}
	var hint *hintedError
	if errors.As(err, &hint) && r.Hint == "" {
		r.Hint = hint.hint
	}
	if no := kernel.ErrnoOf(err); no != 0 && (load != nil || r.Kind == "other") {
		r.Errno = kernel.ErrnoName(no)
	}
	return r
}

// WriteText writes the error for a person: what failed, then what the kernel
// said meanwhile, then what to do.
func (r *ErrorReport) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	head := "error:"
	if r.Where != "" {
		head = clean(r.Where, st.ASCII) + ":"
	}
	t.wrap(t.paint(red, head)+" ", min(width1(head)+1, 20), r.Error)
	for _, l := range r.Log {
		t.wrap("  log: ", 7, l)
	}
	if r.Hint != "" {
		t.wrap("", 0, r.Hint)
	}
	return t.err
}
