package export

import (
	"io"
	"strconv"

	"example.org/kmodsh/internal/trace"
)

// Numbers of fields and values in Perfetto's protos/perfetto/trace: TracePacket
// (trace_packet.proto), TrackDescriptor, ProcessDescriptor, ThreadDescriptor,
// CounterDescriptor (counter_descriptor.proto), TrackEvent and DebugAnnotation (track_event/*.proto).
const (
	tracePacket = 1 // Trace.packet

	packetTimestamp  = 8
	packetSequence   = 10 // trusted_packet_sequence_id
	packetTrackEvent = 11
	packetTrack      = 60 // track_descriptor

	trackUUID    = 1
	trackName    = 2
	trackProcess = 3
	trackThread  = 4
	trackParent  = 5
	trackCounter = 8

	processPID  = 1
	processName = 6

	threadPID  = 1
	threadTID  = 2
	threadName = 5

	counterUnit = 3
	unitCount   = 2 // UNIT_COUNT: its name says what of

	eventAnnotation = 4
	eventType       = 9
	eventTrack      = 11
	eventCategory   = 22
	eventName       = 23
	eventCounter    = 30
	eventFlow       = 47 // flow_ids, fixed64

	annotationInt    = 4
	annotationString = 6
	annotationName   = 10

	typeBegin   = 1
	typeEnd     = 2
	typeInstant = 3
	typeCounter = 4
)

// Where the numbers begin of the process that threads are shown under, and of
// threads whose own is not known or is not theirs alone: above the highest of a
// kernel (PID_MAX_LIMIT, 2^22), so that none is that of a thread.
const (
	perfettoPID = 1 << 23
	unknownTID  = 1 << 24
)

// The uuids of tracks, the numbers of the first of many; and times.
const (
	uuidProcess   = 1
	uuidModules   = 2
	uuidPermits   = 3
	uuidThreads   = 1000
	uuidBands     = 1_000_000
	uuidRefs      = 2_000_000
	stepTime      = 1000    // ns between events that happened at the same time
	latest        = 1 << 62 // ns: a file may say what it likes
	sequenceOfAll = 1
)

// perfetto writes a trace for ui.perfetto.dev: threads with what they do, wait
// for and are held at, flows from requests to helpers and back, modules with
// their states, counters of permits and references. Events that happened at
// the same time, as on a simulated kernel, are drawn a microsecond apart.
func perfetto(w io.Writer, in Input) error {
	c := lay(in.Recording)
	p := &perfettoTrace{chart: c, times: timesOf(c.Events)}
	p.tracks(in)
	p.threads()
	p.bands()
	_, err := w.Write(p.out)
	return err
}

// timesOf gives each event a time of its own, in order.
func timesOf(events []mark) []uint64 {
	times := make([]uint64, len(events)+1)
	var last int64
	for i, m := range events {
		at := m.Time
		if i > 0 && at <= last {
			at = last + stepTime
		}
		last = min(max(at, last, 0), latest+int64(i)*stepTime)
		times[i] = uint64(last)
	}
	times[len(events)] = uint64(last + stepTime)
	return times
}

type perfettoTrace struct {
	*chart
	times []uint64
	out   []byte
}

// packet appends a packet; a track descriptor has no time.
func (p *perfettoTrace) packet(field uint64, inner []byte, at uint64) {
	var b []byte
	if field == packetTrackEvent {
		b = number(b, packetTimestamp, at)
	}
	b = number(b, packetSequence, sequenceOfAll)
	b = message(b, field, inner)
	p.out = message(p.out, tracePacket, b)
}

func (p *perfettoTrace) track(uuid, parent uint64, name string, more func([]byte) []byte) {
	b := number(nil, trackUUID, uuid)
	if parent != 0 {
		b = number(b, trackParent, parent)
	}
	if name != "" {
		b = text(b, trackName, name)
	}
	if more != nil {
		b = more(b)
	}
	p.packet(packetTrack, b, 0)
}

// tracks describes all tracks before the first event.
func (p *perfettoTrace) tracks(in Input) {
	p.track(uuidProcess, 0, "", func(b []byte) []byte {
		return message(b, trackProcess, text(number(nil, processPID, perfettoPID), processName, "kmodsh "+in.Recording.Target+" "+in.Recording.Scenario))
	})
	// A machine gives the number of a process that has ended to another; Perfetto
	// would draw both as one thread.
	used := map[int]bool{}
	for i, l := range p.Lanes {
		tid := uint64(unknownTID + i)
		if l.PID > 0 && l.PID < perfettoPID && !used[l.PID] {
			tid = uint64(l.PID)
		}
		used[l.PID] = true
		p.track(uuidThreads+uint64(i), 0, "", func(b []byte) []byte {
			t := number(number(nil, threadPID, perfettoPID), threadTID, tid)
			return message(b, trackThread, text(t, threadName, l.ID+" ("+l.Comm+")"))
		})
	}
	p.track(uuidModules, 0, "modules", nil)
	for i, m := range p.Modules {
		p.track(uuidBands+uint64(i), uuidModules, m.Name, nil)
		p.track(uuidRefs+uint64(i), uuidProcess, "references of "+m.Name, counterTrack)
	}
	if p.Max > 0 {
		p.track(uuidPermits, uuidProcess, "permits in use", counterTrack)
	}
}

func counterTrack(b []byte) []byte {
	return message(b, trackCounter, number(nil, counterUnit, unitCount))
}

// event appends a track event; flows join it with others of the same numbers.
func (p *perfettoTrace) event(kind, track, at uint64, name, category string, flows []uint64, more ...[]byte) {
	b := number(number(nil, eventType, kind), eventTrack, track)
	if name != "" {
		b = text(text(b, eventCategory, category), eventName, name)
	}
	for _, f := range flows {
		b = fixed(b, eventFlow, f)
	}
	for _, m := range more {
		b = message(b, eventAnnotation, m)
	}
	p.packet(packetTrackEvent, b, at)
}

func annotation(name, value string) []byte {
	return text(text(nil, annotationName, name), annotationString, value)
}

// threads writes each thread: its task from first to last, in it what it waits
// for, and its events.
func (p *perfettoTrace) threads() {
	flows := map[int][]uint64{}
	for i, a := range p.Arrows {
		flows[a.From] = append(flows[a.From], uint64(i+1))
		flows[a.To] = append(flows[a.To], uint64(i+1))
	}
	points := map[string]trace.Point{}
	for _, q := range trace.Points() {
		points[q.ID] = q
	}
	for n, l := range p.Lanes {
		track := uuidThreads + uint64(n)
		name := l.Task
		if name == "" {
			name = l.Comm
		}
		end := []byte(nil)
		p.event(typeBegin, track, p.begins(l.Begin), name, "task", nil, number(text(nil, annotationName, "returned"), annotationInt, uint64(l.Result)))
		k := 0
		for i := l.Begin; i <= l.End; i++ {
			for ; k < len(l.Spans) && l.Spans[k].From <= i; k++ {
				if s := l.Spans[k]; s.Kind != "runs" {
					p.event(typeBegin, track, p.begins(s.From), s.Kind, "wait", nil, annotation("for", s.Text))
					p.event(typeEnd, track, p.begins(s.To), "", "", nil)
				}
			}
			if i < len(p.Events) && p.Events[i].Lane == n {
				m := p.Events[i]
				q := points[m.Point]
				p.event(typeInstant, track, p.times[i], m.Point+" "+m.Name, string(q.Phase), flows[i],
					annotation("event", strconv.Itoa(m.N)), annotation("tells", m.Text), annotation("what happens there", q.Says), annotation("seen from outside", q.Sees))
			}
		}
		if l.Verdict != "" {
			end = annotation("verdict", l.Verdict)
		}
		if end != nil {
			p.event(typeEnd, track, p.begins(l.End), "", "", nil, end)
			continue
		}
		p.event(typeEnd, track, p.begins(l.End), "", "", nil)
	}
}

// begins is the time of a column: a little after the event before it.
func (p *perfettoTrace) begins(column int) uint64 {
	switch {
	case len(p.Events) == 0:
		return 0
	case column <= 0:
		return p.times[0] - min(p.times[0], stepTime/4)
	}
	return p.times[min(column, len(p.Events))-1] + min(stepTime/2, (p.times[min(column, len(p.Events))]-p.times[min(column, len(p.Events))-1])/2)
}

// bands writes the modules and the counters.
func (p *perfettoTrace) bands() {
	counts := func(track uint64, list []counter) {
		for _, v := range list {
			b := number(number(number(nil, eventType, typeCounter), eventTrack, track), eventCounter, uint64(v.Value))
			p.packet(packetTrackEvent, b, p.begins(v.At))
		}
	}
	for i, m := range p.Modules {
		for _, s := range m.Spans {
			p.event(typeBegin, uuidBands+uint64(i), p.begins(s.From), s.Kind, "module", nil, annotation("sysfs", s.Text))
			p.event(typeEnd, uuidBands+uint64(i), p.begins(s.To), "", "", nil)
		}
		counts(uuidRefs+uint64(i), m.Refs)
	}
	if p.Max > 0 {
		counts(uuidPermits, p.Permits)
	}
}
