package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/wording"
)

func recordVerb() *Verb {
	return &Verb{
		Name: "record", Aliases: []string{"rec"}, Group: groupShare,
		Short:    "record all that happens in the target to a trace file",
		Usage:    "[FILE | stop]",
		Needs:    []kernel.Op{kernel.OpEvents},
		New:      func() Command { return new(recordCommand) },
		Examples: []string{"record race.trace", "record", "record stop"},
	}
}

type recordCommand struct {
	File string `arg:"" optional:"" name:"file" help:"File to begin, which must not be there yet; stop ends the recording; without it, whether one is under way."`
}

func (c *recordCommand) Run(ctx context.Context, s *Session) (Result, error) {
	switch c.File {
	case "":
		return s.recordingState(), nil
	case "stop":
		rec := s.stopRecording()
		if rec == nil {
			return nil, &UsageError{Msg: "nothing is being recorded", Hint: "record FILE begins"}
		}
		// What happened up to here belongs to it.
		err := errors.Join(rec.catchUp(ctx, s, ""), rec.finish(""))
		return rec.state(), err
	}
	if rec := s.recording(); rec != nil && !rec.isOver() {
		return nil, &UsageError{Msg: "already recording to " + clean(rec.file, false), Hint: "record stop ends it"}
	}
	f, err := createNew(c.File)
	if err != nil {
		return nil, err
	}
	rec, err := newRecorder(ctx, s, s.Target(), c.File, f)
	if err != nil {
		return nil, errors.Join(err, f.Close(), os.Remove(c.File))
	}
	s.mu.Lock()
	s.rec = rec
	s.mu.Unlock()
	return rec.state(), nil
}

func (c *recordCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(before) > 0 {
		return nil
	}
	return append(match(word, []Candidate{{Text: "stop", Note: "end the recording"}}), completeFiles(word, recording.Suffix)...)
}

// createNew makes a file that is not there yet.
func createNew(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, &UsageError{Msg: clean(name, false) + " is there already: it is not written over"}
	}
	return f, err
}

// recording returns the recorder, nil when there is none.
func (s *Session) recording() *recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rec
}

// stopRecording takes the recorder away.
func (s *Session) stopRecording() *recorder {
	s.mu.Lock()
	defer s.mu.Unlock()
	rec := s.rec
	s.rec = nil
	return rec
}

func (s *Session) recordingState() *RecordResult {
	if rec := s.recording(); rec != nil {
		return rec.state()
	}
	return &RecordResult{}
}

// RecordResult says what is being recorded, or was.
type RecordResult struct {
	Recording bool   `json:"recording"`
	File      string `json:"file,omitempty"`
	Target    string `json:"target,omitempty"`
	Events    int    `json:"events"`
	Positions int    `json:"positions"`
	Why       string `json:"why,omitempty"` // it ended before it was told to
}

// WriteText writes one or two lines.
func (r *RecordResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if r.File == "" {
		t.line("nothing is being recorded; record FILE begins")
		return t.err
	}
	what := fmt.Sprintf("%s, %s so far", wording.Count(r.Events, "event"), wording.Count(r.Positions, "position"))
	if r.Recording {
		t.wrap("recording ", 10, r.File+": "+what)
		return t.err
	}
	t.wrap("recorded  ", 10, fmt.Sprintf("%s: %s, %s", r.File, wording.Count(r.Events, "event"), wording.Count(r.Positions, "position")))
	if r.Why != "" {
		t.wrap("          ", 10, "it ended: "+r.Why)
	}
	t.wrap("          ", 10, "kmodsh open "+Quote(r.File)+" looks at it, export makes pictures of it")
	return t.err
}
