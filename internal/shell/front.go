package shell

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"

	"example.org/kmodsh/internal/ops"
)

// Front runs verbs and writes what comes of them.
type Front struct {
	Session  *ops.Session
	Out, Err io.Writer
	JSON     bool
	OutStyle ops.Style
	ErrStyle ops.Style
	// Meter shows what takes long; nil shows nothing.
	Meter *Meter
	// Watch opens the full screen and comes back when it is left; nil where
	// there is none. It is called between two lines, when nobody else reads
	// the terminal.
	Watch func(ctx context.Context) error
	// Tells has how things stand told in sentences after each verb that
	// changed them: the screen, for those who hear it.
	Tells bool
	told  string
}

// ErrInterrupted is the cause with which Ctrl-C cancels a verb.
var ErrInterrupted = errors.New("interrupted")

// Run runs one verb and writes its result. An error is not written: Fail does.
// While it runs SIGINT cancels it, and then only it: the error wraps
// ErrInterrupted, except for verbs that are meant to be ended so.
func (f *Front) Run(ctx context.Context, words []string) error {
	if f.Watch != nil && len(words) == 1 {
		if v, err := ops.Lookup(words[0]); err == nil && v.Name == "watch" {
			if err := f.Session.Available(v); err != nil {
				return err
			}
			return f.Watch(ctx)
		}
	}
	verb, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)
	go func() {
		select {
		case <-interrupts:
			cancel(ErrInterrupted)
		case <-verb.Done():
		}
	}()
	stop := f.Meter.start(words)
	res, err := f.Session.Exec(verb, words)
	stop()
	// Canceled is how a verb says that it gave up; the cause says why.
	if errors.Is(err, context.Canceled) && context.Cause(verb) != nil {
		err = fmt.Errorf("%w: %w", context.Cause(verb), err)
	}
	f.Warn()
	werr := ops.WriteAll(verb, f.Out, res, f.JSON, f.OutStyle)
	if f.Tells && !f.JSON {
		f.Tell(ctx)
	}
	if err == nil && werr != nil {
		err = fmt.Errorf("writing the result: %w", werr)
	}
	return err
}

// Tell says how things stand, unless that is as it was said last.
func (f *Front) Tell(ctx context.Context) {
	lines := f.Session.Told(ctx)
	text := strings.Join(lines, "\n")
	if text == f.told {
		return
	}
	f.told = text
	for _, line := range lines {
		fmt.Fprintln(f.Out, printable(line))
	}
}

// Warn tells what the session has to tell besides answers, where errors are told.
func (f *Front) Warn() {
	for _, err := range f.Session.Warnings() {
		_ = ops.Write(f.Err, ops.ReportWarning(err), f.JSON, f.ErrStyle)
	}
}

// RunLine is Run for a line as typed.
func (f *Front) RunLine(ctx context.Context, line string) error {
	words, err := ops.Split(line)
	if err != nil || len(words) == 0 {
		return err
	}
	text := make([]string, len(words))
	for i, w := range words {
		text[i] = w.Text
	}
	return f.Run(ctx, text)
}

// Fail writes an error, nothing for nil and ops.ErrQuit, and returns the exit
// status that tells of it.
func (f *Front) Fail(err error) int {
	if err == nil || errors.Is(err, ops.ErrQuit) {
		return ops.ExitOK
	}
	where := ""
	var place *ScriptError
	if errors.As(err, &place) {
		where, err = place.Where(), place.Err
	}
	r := ops.ReportError(err)
	if r.Where == "" {
		r.Where = where
	}
	if errors.Is(err, ErrInterrupted) {
		r.Kind, r.Error = "cancelled", "cancelled by Ctrl-C"
	}
	// There is nobody left to tell that standard error cannot be written.
	_ = ops.Write(f.Err, r, f.JSON, f.ErrStyle)
	return r.Exit
}
