package recording

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// Writer writes a file. The first error is kept: it ends all writing, and Flush
// and Close return it. One goroutine at a time may use it.
type Writer struct {
	zip  *gzip.Writer
	json *json.Encoder
	err  error

	prev   *kernel.Snapshot // as last written, nil: the next is a key frame
	frames int              // since the last key frame
	end    endLine
}

// NewWriter begins a file; type, format, version and points of the header are
// filled in.
func NewWriter(out io.Writer, h Header) (*Writer, error) {
	// No time and no name: the same recording is the same file.
	zip, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	w := &Writer{zip: zip, json: json.NewEncoder(zip), end: endLine{Type: typeEnd}}
	w.json.SetEscapeHTML(false)
	h.Type, h.Format, h.Version, h.Points = typeHeader, Format, Version, PointsSum()
	w.line(h)
	return w, w.err
}

func (w *Writer) line(v any) {
	if w.err == nil {
		w.err = w.json.Encode(v)
	}
}

// Event writes an event. Its sequence number is written as it is.
func (w *Writer) Event(e trace.Event) {
	w.end.Events++
	w.line(eventLine{typeEvent, e})
}

// Snapshot writes what there is to see at a position, after the events that led
// to it; the events and the name of the target in it are not written again.
// The snapshot must not be changed afterwards.
func (w *Writer) Snapshot(s *kernel.Snapshot) {
	if w.frames >= keyEvery {
		w.prev = nil
	}
	f := delta(w.prev, s)
	w.frames++
	if f.Key {
		w.frames = 0
	}
	w.prev = s
	w.end.Snapshots++
	w.line(f)
}

// Action writes what was done to come to a position; a replay does it again.
// events is how many events there were in all when it was done, 0 where that
// does not matter.
func (w *Writer) Action(pos int, action any, events int) {
	w.value(action, func(b json.RawMessage) any { return actionLine{typeAction, pos, b, events} })
}

// Died writes what was being done when the kernel under test died of it.
func (w *Writer) Died(action any, why string) {
	w.value(action, func(b json.RawMessage) any { return diedLine{typeDied, Died{b, why}} })
}

// Schedule writes how the run is repeated, as who repeats it wants it.
func (w *Writer) Schedule(schedule any) {
	w.value(schedule, func(b json.RawMessage) any { return scheduleLine{typeSchedule, b} })
}

func (w *Writer) value(v any, line func(json.RawMessage) any) {
	b, err := json.Marshal(v)
	if err != nil {
		w.err = errors.Join(w.err, err)
		return
	}
	w.line(line(b))
}

// Verb writes what a person did.
func (w *Writer) Verb(v Verb) {
	w.end.Verbs++
	w.line(verbLine{typeVerb, v})
}

// Back says that the target has gone back to a position with so many events.
func (w *Writer) Back(pos, events int) {
	w.prev = nil
	w.line(backLine{typeBack, pos, events})
}

// Flush makes all that was written so far readable, should nothing follow.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.zip.Flush()
	}
	return w.err
}

// Close ends the file; why says why it ends before it was told to, "" else.
func (w *Writer) Close(why string) error {
	w.end.Why = why
	w.line(w.end)
	if err := w.zip.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return fmt.Errorf("writing the trace: %w", w.err)
	}
	return nil
}
