package ops

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

func openVerb() *Verb {
	return &Verb{
		Name: "open", Group: groupShare,
		Short:    "look at a trace file: everything but acting, offline",
		Usage:    "FILE",
		New:      func() Command { return new(openCommand) },
		Examples: []string{"open race.trace"},
	}
}

type openCommand struct {
	File string `arg:"" name:"file" help:"A trace file, of record or explore."`
}

func (c *openCommand) Run(_ context.Context, s *Session) (Result, error) {
	t, err := recording.Open(c.File)
	if err != nil {
		return nil, readError(c.File, err)
	}
	if old := s.SetTarget(t); old != nil {
		if err := old.Close(); err != nil {
			return nil, fmt.Errorf("now on %s; closing %s: %w", t.Name(), old.Name(), err)
		}
	}
	return openResult(t.Name(), t.Recording()), nil
}

// readError makes a file that is not there the person's mistake.
func readError(file string, err error) error {
	if _, serr := os.Stat(file); serr != nil {
		return &UsageError{Msg: fmt.Sprintf("%s cannot be read: %v", quoteShort(file), cause(serr))}
	}
	return err
}

// cause is an error of a file without the name of the file.
func cause(err error) error {
	if p, ok := err.(*fs.PathError); ok {
		return p.Err
	}
	return err
}

func (c *openCommand) Complete(_ *Session, _ []string, word string) []Candidate {
	return completeFiles(word, recording.Suffix)
}

func openResult(name string, rec *recording.Recording) *OpenResult {
	r := &OpenResult{Target: name, Facts: recording.Facts(rec), Verdicts: []ThreadVerdict{}}
	for _, t := range rec.End().Threads {
		if t.Task != "" || !rec.Steps && t.Verdict != "" {
			task := t.Task
			if task == "" {
				task = t.Comm + " for " + t.Module
			}
			r.Verdicts = append(r.Verdicts, ThreadVerdict{t.ID, task, t.Result, string(t.Verdict), t.Done})
		}
	}
	if n := len(rec.Events); n > 0 {
		r.Last = &rec.Events[n-1]
	}
	return r
}

// OpenResult is what a trace holds.
type OpenResult struct {
	Target   string          `json:"target"`
	Facts    []kernel.Fact   `json:"facts"`
	Verdicts []ThreadVerdict `json:"verdicts"` // what became of its threads
	Last     *trace.Event    `json:"last,omitempty"`
}

// WriteText writes one fact on each line, then what became of the threads.
func (r *OpenResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.facts(append([]kernel.Fact{{Name: "target", Value: r.Target}}, r.Facts...))
	for _, line := range verdictLines(r.Verdicts) {
		t.wrap("thread       ", 13, line)
	}
	t.wrap("", 0, "events, threads, states, belief, permits and expect look at it; goto, back and mark go through it.")
	return t.err
}

// words says what became of a thread.
func (v ThreadVerdict) words() string {
	returned := retWords(v.Result)
	if v.Result == -1 && (strings.HasPrefix(v.Task, "load ") || strings.HasPrefix(v.Task, "unload ")) {
		returned = "-1" // of a loader that failed without an errno
	}
	text := fmt.Sprintf("%s (%s) returned %s", v.Thread, v.Task, returned)
	if !v.Done {
		text = fmt.Sprintf("%s (%s) has not ended", v.Thread, v.Task)
	}
	if v.Verdict != "" {
		text += ": " + v.Verdict
	}
	return text
}
