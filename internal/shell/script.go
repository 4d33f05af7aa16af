package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"example.org/kmodsh/internal/ops"
)

// ScriptError says where a script ended, and why.
type ScriptError struct {
	File string
	Line int // from 1
	Err  error
}

func (e *ScriptError) Error() string { return e.Where() + ": " + e.Err.Error() }

func (e *ScriptError) Unwrap() error { return e.Err }

// Where returns file:line.
func (e *ScriptError) Where() string { return fmt.Sprintf("%s:%d", e.File, e.Line) }

// maxScriptLine bounds the length in bytes of a line of a script.
const maxScriptLine = 64 << 10

// Script runs the verbs in r, one on each line, until the end, the verb quit,
// or the first error, a *ScriptError with name and line. With echo each line
// is written before it runs, behind "> ".
func (f *Front) Script(ctx context.Context, r io.Reader, name string, echo bool) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxScriptLine)
	n := 0
	for lines.Scan() {
		n++
		if echo {
			fmt.Fprintf(f.Out, "> %s\n", lines.Text())
		}
		err := f.RunLine(ctx, lines.Text())
		if errors.Is(err, ops.ErrQuit) {
			return nil
		}
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return &ScriptError{File: name, Line: n, Err: err}
		}
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			err = &ops.UsageError{Msg: fmt.Sprintf("the line is longer than %d bytes", maxScriptLine)}
		}
		return &ScriptError{File: name, Line: n + 1, Err: err}
	}
	return nil
}
