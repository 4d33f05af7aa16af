package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/wording"
)

func eventsVerb() *Verb {
	return &Verb{
		Name: "events", Aliases: []string{"ev"}, Group: groupLook,
		Short:    "show what happened in the target, step by step",
		Usage:    "[-n COUNT] [--since SEQ] [--explain] [--follow] [WORD...]",
		Needs:    []kernel.Op{kernel.OpEvents},
		New:      func() Command { return new(eventsCommand) },
		Examples: []string{"events", "events -n 100", "events --since 120", "events minix W4", "events -n 5 --explain", "events --follow"},
	}
}

type eventsCommand struct {
	Count   int      `short:"n" help:"How many of the last events to show; 0 is all that are kept." default:"20" placeholder:"COUNT"`
	Since   uint64   `help:"Only events after the one with this number, all of them." placeholder:"SEQ"`
	Explain bool     `short:"e" help:"Say of each what happens there, and the kernel function it comes from."`
	Follow  bool     `short:"f" help:"Go on with new events until Ctrl-C."`
	Words   []string `arg:"" optional:"" name:"word" sep:"none" help:"Only events that have all of these words: of a point, module, state, thread or detail."`
}

func (c *eventsCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Count < 0 {
		return nil, &UsageError{Msg: "-n must not be negative"}
	}
	t := s.Target()
	if err := t.Sync(ctx); err != nil {
		return nil, err
	}
	log := t.Events()
	list, missed := log.After(c.Since, 0)
	last := max(c.Since, lastSeq(list, log))
	list = eventsWith(list, c.Words)
	if c.Since == 0 {
		missed = 0
		if c.Count > 0 && len(list) > c.Count {
			list = list[len(list)-c.Count:]
		}
	}
	r := &EventsResult{Target: t.Name(), Events: full(list), Missed: missed, explain: c.Explain, version: kernelVersion(ctx, t)}
	if !c.Follow {
		return r, nil
	}
	return &eventStream{EventsResult: r, target: t, words: c.Words, last: last}, nil
}

// lastSeq is the number of the last event that was seen.
func lastSeq(list []trace.Event, log *trace.Log) uint64 {
	if len(list) > 0 {
		return list[len(list)-1].Seq
	}
	return log.Last()
}

// eventsWith are the events that have all the words, in small or capital letters.
func eventsWith(list []trace.Event, words []string) []trace.Event {
	if len(words) == 0 {
		return list
	}
	return slices.DeleteFunc(slices.Clone(list), func(e trace.Event) bool {
		return !HasWords(words, e.Point, string(e.State), e.Thread.Comm, eventWords(e))
	})
}

// HasWords says whether every word is in one of the texts or in where two of
// them meet, in small or capital letters.
func HasWords(words []string, texts ...string) bool {
	if len(words) == 0 {
		return true
	}
	text := strings.ToLower(strings.Join(texts, " "))
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, strings.ToLower(w)) })
}

// eventStream is a list of events that goes on.
type eventStream struct {
	*EventsResult
	target kernel.Target
	words  []string
	last   uint64
}

// Next waits for more events.
func (e *eventStream) Next(ctx context.Context) (Result, error) {
	log := e.target.Events()
	for {
		changed := log.Changed()
		list, missed := log.After(e.last, 0)
		if len(list) > 0 {
			e.last = list[len(list)-1].Seq
			if list = eventsWith(list, e.words); len(list) == 0 && missed == 0 {
				continue
			}
			return &EventsResult{Target: e.target.Name(), Events: list, Missed: missed, more: true, explain: e.explain, version: e.version}, nil
		}
		if log.Closed() {
			if err := e.target.Err(); err != nil {
				return nil, err
			}
			return nil, io.EOF
		}
		select {
		case <-ctx.Done():
			return nil, io.EOF
		case <-changed:
		}
	}
}

// EventsResult is a part of a target's event log.
type EventsResult struct {
	Target string        `json:"target"`
	Events []trace.Event `json:"events"`
	Missed uint64        `json:"missed,omitempty"` // events that are no longer kept

	more    bool   // a part after the first: no heading
	explain bool   // with what happens there
	version string // of the kernel, such as "6.12"; "" when it is not known
}

// kernelVersion is the version of a target's kernel, "6.12", by which the table
// of points is read.
func kernelVersion(ctx context.Context, t kernel.Target) string {
	if d, ok := t.(kernel.Debugger); ok {
		if snap, err := d.Snapshot(ctx); err == nil {
			return snap.Kernel
		}
	}
	info, err := t.Info(ctx)
	if err != nil {
		return ""
	}
	parts := strings.SplitN(info.Release, ".", 3)
	if len(parts) < 2 {
		return ""
	}
	return parts[0] + "." + strings.TrimRight(parts[1], "abcdefghijklmnopqrstuvwxyz+-~")
}

// WriteText writes one line for each event.
func (r *EventsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Events) == 0 && !r.more {
		t.line("no events")
		return t.err
	}
	if r.Missed > 0 {
		t.line("%s no longer kept", wording.Count(int(r.Missed), "event is", "events are"))
	}
	for _, e := range r.Events {
		if e.Lost > 0 {
			t.line("%s lost here", wording.Count(int(e.Lost), "event was", "events were"))
		}
		t.event(e)
		if p, ok := trace.LookupPoint(e.Point); ok && r.explain {
			t.wrap("        ", 8, p.Says)
			t.wrap("        ", 8, "["+pointSource(p, r.version)+"]")
		}
	}
	return t.err
}

// event writes one event: number, seconds on the target's clock, point, module
// and state, then the rest.
func (t *text) event(e trace.Event) {
	head := fmt.Sprintf("%5d %11.6f %-3s ", e.Seq, e.Elapsed().Seconds(), clean(e.Point, t.st.ASCII))
	indent := width1(head)
	state := ""
	if e.State != "" {
		state = t.paint(stateColor(e.State), string(e.State)) + " "
		indent += len(e.State) + 1
	}
	t.wrap(head+state, indent, eventWords(e))
}

// eventWords says in words what an event tells.
func eventWords(e trace.Event) string {
	var parts []string
	what := e.Point
	if p, ok := trace.LookupPoint(e.Point); ok {
		what = p.Name
	}
	if e.Module != "" {
		what = e.Module + " " + what
	}
	if e.Name != "" && e.Name != e.Module {
		what += " " + e.Name
	}
	parts = append(parts, what)
	if e.Ret != nil {
		parts = append(parts, "= "+retWords(*e.Ret))
	}
	if e.Refs != nil {
		parts = append(parts, fmt.Sprintf("refs %d", *e.Refs))
	}
	if e.Detail != "" {
		parts = append(parts, e.Detail)
	}
	if who := threadWords(e.Thread); who != "" {
		parts = append(parts, "["+who+"]")
	}
	return strings.Join(parts, " ")
}

func threadWords(t trace.Thread) string {
	who := t.ID
	if who == "" {
		who = t.Comm
	}
	if t.PID != 0 {
		who = strings.TrimSpace(fmt.Sprintf("%s %d", who, t.PID))
	}
	return who
}
