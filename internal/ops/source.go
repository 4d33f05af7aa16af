package ops

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"example.org/kmodsh/internal/scenario"
)

// Bounds of a file of verbs.
const (
	maxSource      = 4 << 20 // bytes
	maxSourceDepth = 8       // files that name files
)

func sourceVerb() *Verb {
	return &Verb{
		Name: "source", Aliases: []string{"."}, Group: groupSession,
		Short:    "run the verbs in a file, here",
		Usage:    "[-k] FILE",
		New:      func() Command { return new(sourceCommand) },
		Examples: []string{"source setup.kmodsh", "source -k checks.kmodsh"},
	}
}

type sourceCommand struct {
	KeepGoing bool   `short:"k" help:"Go on after a line that fails."`
	File      string `arg:"" name:"file" help:"A file with a verb on each line; # begins a comment, ! before a verb says that it must fail."`
}

// LineError says which line of a file failed.
type LineError struct {
	File string
	Line int // from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// depthKey counts the files that are being run.
type depthKey struct{}

func (c *sourceCommand) Run(ctx context.Context, s *Session) (Result, error) {
	depth, _ := ctx.Value(depthKey{}).(int)
	if depth >= maxSourceDepth {
		return nil, &UsageError{Msg: fmt.Sprintf("more than %d files that run each other", maxSourceDepth)}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, &UsageError{Msg: fmt.Sprintf("%s cannot be read: %v", quoteShort(c.File), cause(err))}
	}
	defer f.Close()
	r := &SourceResult{File: c.File, Lines: []SourceLine{}}
	ctx = context.WithValue(ctx, depthKey{}, depth+1)
	lines := bufio.NewScanner(io.LimitReader(f, maxSource))
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	var failed error
	for n := 1; lines.Scan(); n++ {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		done, err := r.line(ctx, s, n, lines.Text())
		if err != nil {
			err = &LineError{File: c.File, Line: n, Err: err}
		}
		if err != nil && !c.KeepGoing || done {
			r.ended = err != nil
			return r, errors.Join(failed, err)
		}
		failed = errors.Join(failed, err)
	}
	if err := lines.Err(); err != nil {
		return r, errors.Join(failed, fmt.Errorf("%s: %w", c.File, err))
	}
	return r, failed
}

// line runs one line; done when it was the verb quit.
func (r *SourceResult) line(ctx context.Context, s *Session, n int, text string) (done bool, err error) {
	text = strings.TrimSpace(text)
	must := false
	if rest, ok := strings.CutPrefix(text, "!"); ok {
		text, must = strings.TrimSpace(rest), true
	}
	words, err := Split(text)
	if err != nil || len(words) == 0 {
		return false, err
	}
	args := make([]string, len(words))
	for i, w := range words {
		args[i] = w.Text
	}
	res, err := s.Exec(ctx, args)
	row := SourceLine{Line: n, Text: text, result: res}
	switch {
	case errors.Is(err, ErrQuit):
		return true, nil
	case must && err == nil:
		err = errors.New("it was to fail, and did not")
		row.Error = err.Error()
	case must:
		row.Error, err = err.Error(), nil
	case err != nil && !errors.As(err, new(*LineError)):
		row.Error = err.Error() // that of a file within has been shown there
	}
	if res != nil {
		if row.Result, _ = json.Marshal(res); row.Result == nil {
			row.Result = []byte("null")
		}
	}
	r.Lines = append(r.Lines, row)
	return false, err
}

func (c *sourceCommand) Complete(_ *Session, _ []string, word string) []Candidate {
	return completeFiles(word, scenario.Suffix)
}

// SourceLine is a line that was run, with what it showed.
type SourceLine struct {
	Line   int             `json:"line"`
	Text   string          `json:"text"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`

	result Result
}

// SourceResult is a file of verbs that was run.
type SourceResult struct {
	File  string       `json:"file"`
	Lines []SourceLine `json:"lines"`

	ended bool // the error of the last line is that of the whole
}

// WriteText writes each line behind a mark, and below it what it showed.
func (r *SourceResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for i, l := range r.Lines {
		t.wrap(t.paint(dim, ">")+" ", 2, l.Text)
		if t.err != nil {
			return t.err
		}
		if err := Write(w, l.result, false, st); err != nil {
			return err
		}
		if l.Error != "" && !(r.ended && i == len(r.Lines)-1) {
			t.wrap(t.paint(red, "error:")+" ", 7, l.Error)
		}
	}
	return t.err
}
