package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

func transcriptVerb() *Verb {
	return &Verb{
		Name: "transcript", Group: groupShare,
		Short:    "write what is typed and shown to a text file",
		Usage:    "[FILE | stop]",
		New:      func() Command { return new(transcriptCommand) },
		Examples: []string{"transcript session.txt", "transcript stop"},
	}
}

type transcriptCommand struct {
	File string `arg:"" optional:"" name:"file" help:"File to begin, which must not be there yet; stop ends it; without it, whether there is one."`
}

func (c *transcriptCommand) Run(_ context.Context, s *Session) (Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case c.File == "" && s.script == nil:
		return &TranscriptResult{}, nil
	case c.File == "":
		return &TranscriptResult{File: s.script.Name(), Writing: true}, nil
	case c.File == "stop" && s.script == nil:
		return nil, &UsageError{Msg: "no transcript is being written", Hint: "transcript FILE begins one"}
	case c.File == "stop":
		r := &TranscriptResult{File: s.script.Name()}
		return r, s.closeTranscript()
	case s.script != nil:
		return nil, &UsageError{Msg: "a transcript is being written already, to " + clean(s.script.Name(), false), Hint: "transcript stop ends it"}
	}
	f, err := createNew(c.File)
	if err != nil {
		return nil, err
	}
	s.script = f
	return &TranscriptResult{File: c.File, Writing: true}, nil
}

func (c *transcriptCommand) Complete(_ *Session, before []string, word string) []Candidate {
	if len(before) > 0 {
		return nil
	}
	return append(match(word, []Candidate{{Text: "stop", Note: "end the transcript"}}), completeFiles(word, "")...)
}

// closeTranscript ends the transcript; s.mu is held.
func (s *Session) closeTranscript() error {
	if s.script == nil {
		return nil
	}
	f := s.script
	s.script = nil
	if err := f.Close(); err != nil {
		return fmt.Errorf("the transcript: %w", err)
	}
	return nil
}

// transcribe writes a verb and what it showed. An error ends the transcript.
func (s *Session) transcribe(words []string, res Result, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.script == nil || words[0] == "transcript" {
		return nil
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = Quote(w)
	}
	_, werr := io.WriteString(s.script, "> "+strings.Join(quoted, " ")+"\n"+shown(res, err))
	if werr == nil {
		return nil
	}
	return errors.Join(fmt.Errorf("the transcript to %s ended: %w", s.script.Name(), werr), s.closeTranscript())
}

// TranscriptResult says where a transcript is written, or was.
type TranscriptResult struct {
	File    string `json:"file,omitempty"`
	Writing bool   `json:"writing"`
}

// WriteText writes one line.
func (r *TranscriptResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	switch {
	case r.Writing:
		t.wrap("", 0, "what is typed and shown goes to "+r.File)
	case r.File != "":
		t.wrap("", 0, "the transcript is in "+r.File)
	default:
		t.line("no transcript is being written; transcript FILE begins one")
	}
	return t.err
}

// completeFiles completes the names of files that end in suffix, and of
// directories.
func completeFiles(word, suffix string) []Candidate {
	dir, part := "", word
	if i := strings.LastIndexByte(word, '/'); i >= 0 {
		dir, part = word[:i+1], word[i+1:]
	}
	from := dir
	if from == "" {
		from = "."
	}
	d, err := os.Open(from)
	if err != nil {
		return nil
	}
	defer d.Close()
	list, err := d.ReadDir(1000)
	if err != nil {
		return nil
	}
	var out []Candidate
	for _, e := range list {
		name := e.Name()
		if !strings.HasPrefix(name, part) || strings.HasPrefix(name, ".") && part == "" {
			continue
		}
		if e.IsDir() {
			out = append(out, Candidate{Text: dir + name + "/", Note: "directory"})
		} else if strings.HasSuffix(name, suffix) {
			out = append(out, Candidate{Text: dir + name, Note: "file"})
		}
	}
	return out
}
