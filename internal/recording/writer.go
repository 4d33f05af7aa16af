package recording

import (
	"bytes"
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
//
// A file that would become larger than what is read takes no more: Flush then
// returns an error that wraps ErrFull, and Close ends the file, with that as the
// reason where it is given none.
type Writer struct {
	zip  *gzip.Writer
	json *json.Encoder // to text
	text bytes.Buffer  // the line that is written
	err  error
	full error // wraps ErrFull
	room room
	size int64 // bytes before they are packed

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
	w := &Writer{zip: zip, end: endLine{Type: typeEnd}}
	w.json = json.NewEncoder(&w.text)
	w.json.SetEscapeHTML(false)
	h.Type, h.Format, h.Version, h.Points = typeHeader, Format, Version, pointsSum()
	w.line(h)
	return w, w.err
}

// line writes a line, unless the file is full.
func (w *Writer) line(v any) {
	if w.full == nil {
		w.write(v, maxUnpacked-spare)
	}
}

// write writes a line where the file has no more bytes then than it may.
func (w *Writer) write(v any, most int64) {
	if w.err != nil {
		return
	}
	w.text.Reset()
	if w.err = w.json.Encode(v); w.err != nil {
		return
	}
	switch n := w.text.Len(); {
	case n > maxLine:
		w.overflow(tooMany(maxLine, "bytes in a line"))
	case w.size+int64(n) > most:
		w.overflow(fmt.Errorf("a trace of more than %d bytes when unpacked", most))
	default:
		w.size += int64(n)
		_, w.err = w.zip.Write(w.text.Bytes())
	}
}

// overflow notes that nothing more can be written.
func (w *Writer) overflow(err error) {
	if err != nil && w.full == nil {
		w.full = fmt.Errorf("%w: it would become %w, which is more than is read", ErrFull, err)
	}
}

// Event writes an event. Its sequence number is written as it is.
func (w *Writer) Event(e trace.Event) {
	w.overflow(w.room.event())
	if w.line(eventLine{typeEvent, e}); w.full == nil {
		w.end.Events++
	}
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
	w.overflow(w.room.frame(&f))
	if w.line(f); w.full == nil {
		w.end.Snapshots++
	}
}

// Action writes what was done to come to a position; a replay does it again.
// events is how many events there were in all when it was done, 0 where that
// does not matter.
func (w *Writer) Action(pos int, action any, events int) {
	w.overflow(w.room.action())
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
	w.overflow(w.room.verb())
	if w.line(verbLine{typeVerb, v}); w.full == nil {
		w.end.Verbs++
	}
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
	if w.err == nil {
		return w.full
	}
	return w.err
}

// Close ends the file; why says why it ends before it was told to, "" else.
func (w *Writer) Close(why string) error {
	if w.end.Why = why; why == "" && w.full != nil {
		w.end.Why = w.full.Error()
	}
	w.write(w.end, maxUnpacked)
	if err := w.zip.Close(); w.err == nil {
		w.err = err
	}
	if w.err != nil {
		return fmt.Errorf("writing the trace: %w", w.err)
	}
	return nil
}
