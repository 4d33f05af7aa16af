package recording

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

// Recording is a file as it was read.
type Recording struct {
	Header
	// Events are numbered from 1. Events that were lost, or came before the
	// recording began, are counted in Lost of the next.
	Events  []trace.Event
	Actions []json.RawMessage // what was done, one for each position from 1 on
	// ActionEvents is how many events there were after each action, 0 where the
	// file does not say.
	ActionEvents []int
	// Died is how the kernel under test died at the end, nil when it did not.
	Died     *Died
	Schedule json.RawMessage // how it is repeated, nil when nothing says
	Verbs    []Verb
	// Missing says what is not there, "" when the file is whole.
	Missing string
	// Ended says why the recording ended before it was told to.
	Ended string

	frames []frame
	named  []trace.Event // Events with names for all threads, unless Steps
	moved  sync.Once
	moves  []kernel.Move // of Moves
}

// Read reads a trace. A file that was cut off, or damaged after its beginning,
// gives what is whole, and Missing says so. The error is for one that is no
// trace at all, or of another version, or larger than any that is read; it
// wraps kernel.ErrDamaged where the beginning is damaged.
func Read(in io.Reader) (*Recording, error) { return read(in, maxUnpacked) }

func read(in io.Reader, limit int64) (*Recording, error) {
	buffered := bufio.NewReader(in)
	head, err := buffered.Peek(2)
	if len(head) == 0 && errors.Is(err, io.EOF) {
		return nil, errors.New("no trace of kmodsh: it is empty")
	}
	if err != nil || !IsTrace(head) {
		return nil, errors.New("no trace of kmodsh: it is not packed by gzip")
	}
	zip, err := gzip.NewReader(buffered)
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it was cut off before its first line was whole")
		}
		return nil, fmt.Errorf("no trace of kmodsh: %w: %w", kernel.ErrDamaged, err)
	}
	zip.Multistream(false)
	limited := &io.LimitedReader{R: zip, N: limit + 1}
	lines := bufio.NewReaderSize(limited, 64<<10)
	p := &reading{}
	for {
		line, err := readLine(lines)
		if err == nil {
			if err = p.line(line); err == nil {
				continue
			}
		}
		if limited.N <= 0 {
			return nil, fmt.Errorf("a trace of more than %d bytes when unpacked", limit)
		}
		r, err := p.done(err)
		if r != nil && !r.Steps {
			r.named = named(r.Events)
		}
		return r, err
	}
}

// readLine reads a line, without its end.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("a line of more than %d bytes", maxLine)
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return bytes.TrimSuffix(line, []byte("\n")), err
		}
	}
}

// reading is a file that is being read.
type reading struct {
	rec   *Recording
	n     int // lines
	room  room
	seq   uint64
	ended bool
}

// fatalError ends the reading without a recording.
type fatalError struct{ error }

func (e fatalError) Unwrap() error { return e.error }

// done is the recording once a line could not be read, or there was none.
func (p *reading) done(err error) (*Recording, error) {
	var fatal fatalError
	switch {
	case errors.As(err, &fatal):
		return nil, fatal.error
	case p.rec == nil:
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it was cut off before its first line was whole")
		}
		return nil, fmt.Errorf("no trace of kmodsh: %w: %w", kernel.ErrDamaged, err)
	case p.ended && errors.Is(err, io.EOF):
		return p.rec, nil
	}
	what := "it was cut off"
	if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		what = "it is damaged: " + err.Error()
	}
	p.rec.Missing = fmt.Sprintf("%s after line %d, with %s and %s before that", what, p.n, wording.Count(len(p.rec.Events), "event"), wording.Count(len(p.rec.frames), "position"))
	return p.rec, nil
}

func (p *reading) line(text []byte) error {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return err
	}
	if p.rec == nil {
		return p.header(kind.Type, text)
	}
	if p.ended {
		return errors.New("there is more after the end")
	}
	var err error
	switch kind.Type {
	case typeEvent:
		var l eventLine
		if err = json.Unmarshal(text, &l); err == nil {
			err = p.event(l.Event)
		}
	case typeSnapshot:
		var f frame
		if err = json.Unmarshal(text, &f); err == nil {
			err = p.frame(f)
		}
	case typeAction:
		var l actionLine
		if err = json.Unmarshal(text, &l); err == nil {
			if l.Pos != len(p.rec.Actions)+1 {
				return fmt.Errorf("action %d follows action %d", l.Pos, len(p.rec.Actions))
			}
			if err := p.room.action(); err != nil {
				return fatalError{err}
			}
			p.rec.Actions, p.rec.Died = append(p.rec.Actions, l.Action), nil
			p.rec.ActionEvents = append(p.rec.ActionEvents, max(0, l.Events))
		}
	case typeDied:
		var l diedLine
		if err = json.Unmarshal(text, &l); err == nil {
			p.rec.Died = &l.Died
		}
	case typeSchedule:
		var l scheduleLine
		if err = json.Unmarshal(text, &l); err == nil {
			p.rec.Schedule = l.Schedule
		}
	case typeVerb:
		var l verbLine
		if err = json.Unmarshal(text, &l); err == nil {
			if err := p.room.verb(); err != nil {
				return fatalError{err}
			}
			p.rec.Verbs = append(p.rec.Verbs, l.Verb)
		}
	case typeBack:
		var l backLine
		if err = json.Unmarshal(text, &l); err == nil {
			err = p.back(l)
		}
	case typeEnd:
		var l endLine
		if err = json.Unmarshal(text, &l); err == nil {
			p.ended, p.rec.Ended = true, l.Why
		}
	}
	if err == nil {
		p.n++
	}
	return err
}

func (p *reading) header(kind string, text []byte) error {
	var h Header
	if err := json.Unmarshal(text, &h); err != nil || kind != typeHeader || h.Format != Format {
		return fatalError{errors.New("no trace of kmodsh: its first line is not that of one")}
	}
	if h.Version < 1 || h.Version > Version {
		return fatalError{fmt.Errorf("a trace of version %d, and this kmodsh reads version %d: use a newer kmodsh", h.Version, Version)}
	}
	p.rec = &Recording{Header: h}
	p.n++
	return nil
}

// event takes an event in and numbers it.
func (p *reading) event(e trace.Event) error {
	if err := p.room.event(); err != nil {
		return fatalError{err}
	}
	if p.seq > 0 && e.Seq > p.seq+1 && e.Lost == 0 {
		e.Lost = e.Seq - p.seq - 1
	}
	p.seq = e.Seq
	e.Seq = uint64(len(p.rec.Events) + 1)
	p.rec.Events = append(p.rec.Events, e)
	return nil
}

func (p *reading) frame(f frame) error {
	last := -1
	if n := len(p.rec.frames); n > 0 {
		last = p.rec.frames[n-1].Pos
	}
	if err := p.room.frame(&f); err != nil {
		return fatalError{err}
	}
	switch {
	case f.Pos < 0 || f.Pos < last || p.rec.Steps && f.Pos == last:
		return fmt.Errorf("position %d follows position %d", f.Pos, last)
	case len(p.rec.frames) == 0 && !f.Key:
		return errors.New("the first position is not whole")
	}
	f.events = len(p.rec.Events)
	p.rec.frames = append(p.rec.frames, f)
	return nil
}

// back forgets what came after a position.
func (p *reading) back(l backLine) error {
	r := p.rec
	if l.Pos < 0 || l.Events < 0 || l.Events > len(r.Events) {
		return fmt.Errorf("back to position %d with %d events, of %d", l.Pos, l.Events, len(r.Events))
	}
	r.Events = r.Events[:l.Events]
	p.seq = 0
	for n := len(r.frames); n > 0 && (r.frames[n-1].Pos > l.Pos || r.frames[n-1].events > l.Events); n-- {
		r.frames = r.frames[:n-1]
	}
	r.Actions = r.Actions[:min(len(r.Actions), l.Pos)]
	r.ActionEvents, r.Died = r.ActionEvents[:len(r.Actions)], nil
	// What was forgotten takes no room; what it had cost to read is not given back.
	p.room.events, p.room.actions, p.room.frames = len(r.Events), len(r.Actions), len(r.frames)
	return nil
}
