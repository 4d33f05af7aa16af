package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func lanesVerb() *Verb {
	return &Verb{
		Name: "lanes", Aliases: []string{"lives"}, Group: groupDebug,
		Short:    "show the life of each thread and module, step by step, to its verdict",
		Usage:    "[THREAD...]",
		Needs:    []kernel.Op{kernel.OpLook},
		New:      func() Command { return new(lanesCommand) },
		Examples: []string{"lanes", "lanes A", "lanes B helper-1"},
	}
}

type lanesCommand struct {
	IDs []string `arg:"" optional:"" name:"thread" sep:"none" help:"Only these threads and the helpers they started."`
}

func (c *lanesCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeThreads(word)
}

func (c *lanesCommand) Run(ctx context.Context, s *Session) (Result, error) {
	snap, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	moves := snap.Moves
	if len(moves) == 0 { // the target does not tell: events do
		moves = kernel.MovesOf(snap.Events, threadID)
	}
	moves = kernel.MovesTo(moves, snap.Pos)
	r := &LanesResult{Target: snap.Target, Pos: snap.Pos, End: snap.End, Lanes: []Lane{}, Modules: []ModuleLane{}}
	at := map[string]int{}
	lane := func(id, parent string) *Lane {
		i, ok := at[id]
		if !ok {
			i = len(r.Lanes)
			at[id] = i
			l := Lane{Thread: id, Parent: parent, Steps: []LaneStep{}}
			if t := snap.Thread(id); t != nil {
				l.Task, l.Parent = t.Task, t.Parent
			}
			r.Lanes = append(r.Lanes, l)
		}
		return &r.Lanes[i]
	}
	bands := map[string]int{}
	for i := range moves {
		m := &moves[i]
		if m.Thread != "" {
			l := lane(m.Thread, m.Parent)
			l.Steps = append(l.Steps, stepOf(m))
		}
		for _, st := range m.States {
			n, ok := bands[st.Module]
			if !ok {
				n = len(r.Modules)
				bands[st.Module] = n
				r.Modules = append(r.Modules, ModuleLane{Module: st.Module})
			}
			b := &r.Modules[n]
			if k := len(b.States); k == 0 || b.States[k-1].State != st.State {
				b.States = append(b.States, LaneState{Pos: m.Pos, State: st.State})
			}
		}
	}
	// Two may end in one step, of which only one is told as its move.
	for i := range r.Lanes {
		l := &r.Lanes[i]
		t := snap.Thread(l.Thread)
		if n := len(l.Steps); t == nil || !t.Done || n > 0 && l.Steps[n-1].Result != nil {
			continue
		}
		result := t.Result
		l.Steps = append(l.Steps, LaneStep{Pos: snap.Pos, Point: t.At, Status: t.Status, Result: &result, Killed: t.Killed, Verdict: string(t.Verdict)})
	}
	for _, id := range c.IDs {
		if _, ok := at[id]; !ok && snap.Thread(id) == nil {
			return nil, fmt.Errorf("there is no thread %s at this position; threads lists them: %w", quoteShort(id), kernel.ErrNotFound)
		}
	}
	if len(c.IDs) > 0 {
		r.Lanes = slices.DeleteFunc(r.Lanes, func(l Lane) bool {
			return !slices.Contains(c.IDs, l.Thread) && !slices.Contains(c.IDs, l.Parent)
		})
		r.Modules = r.Modules[:0]
	}
	return r, nil
}

// threadID names the thread of an event, "" for what no thread did.
func threadID(t trace.Thread) string {
	if t.ID != "" || t.PID == 0 {
		return t.ID
	}
	return fmt.Sprintf("%s-%d", t.Comm, t.PID)
}

func stepOf(m *kernel.Move) LaneStep {
	s := LaneStep{Pos: m.Pos, Point: m.Point, Status: m.Status, Verdict: string(m.Verdict)}
	if s.Point == "" && m.Kind == "step" {
		s.Point = m.At
	}
	switch {
	case m.Kind != "step":
		s.Kind = m.Kind
	case m.Status == "blocked":
		s.Waits = m.Waits
	case m.Status == "done":
		result := m.Result
		s.Result, s.Killed = &result, m.Killed
	}
	return s
}

// LanesResult is the history of a target by thread and by module, up to the
// present position.
type LanesResult struct {
	Target  string       `json:"target"`
	Pos     int          `json:"pos"`
	End     int          `json:"end"`
	Lanes   []Lane       `json:"lanes"`
	Modules []ModuleLane `json:"modules"`
}

// Lane is the life of a thread.
type Lane struct {
	Thread string     `json:"thread"`
	Parent string     `json:"parent,omitempty"`
	Task   string     `json:"task,omitempty"`
	Steps  []LaneStep `json:"steps"`
}

// LaneStep is one step of a thread and how it stood afterwards.
type LaneStep struct {
	Pos     int    `json:"pos"`
	Kind    string `json:"kind,omitempty"` // what was done to it, "" where it moved
	Point   string `json:"point,omitempty"`
	Status  string `json:"status,omitempty"`
	Waits   string `json:"waits,omitempty"`
	Result  *int64 `json:"result,omitempty"` // when it ended
	Killed  bool   `json:"killed,omitempty"`
	Verdict string `json:"verdict,omitempty"`
}

// ModuleLane is the life of a module.
type ModuleLane struct {
	Module string      `json:"module"`
	States []LaneState `json:"states"`
}

// LaneState is a state that a module has from a position on.
type LaneState struct {
	Pos   int         `json:"pos"`
	State trace.State `json:"state"`
}

// words says a step: its position, the point, and how the thread stood.
func (s *LaneStep) words() string {
	text := fmt.Sprintf("%d %s", s.Pos, s.Point)
	switch {
	case s.Kind == "spawn":
		text = fmt.Sprintf("%d made", s.Pos)
	case s.Kind == "release":
		text = fmt.Sprintf("%d released", s.Pos)
	case s.Kind != "":
		text = fmt.Sprintf("%d %s", s.Pos, s.Kind)
	}
	switch {
	case s.Killed:
		text += ", killed"
	case s.Result != nil:
		text += ", returned " + retWords(*s.Result)
	case s.Status == "held":
		text += ", held"
	case s.Waits != "":
		text += ", waits for " + s.Waits
	}
	if s.Verdict != "" {
		text += ": " + s.Verdict
	}
	return text
}

// WriteText writes a paragraph for each thread and each module.
func (r *LanesResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Lanes) == 0 {
		t.line("nobody has done anything yet")
	}
	for _, l := range r.Lanes {
		head := l.Thread
		switch {
		case l.Task != "":
			head += ", " + l.Task
		case l.Parent != "":
			head += ", for " + l.Parent
		}
		var parts []string
		for i := range l.Steps {
			parts = append(parts, l.Steps[i].words())
		}
		t.line("%s", clean(head, t.st.ASCII))
		t.wrap("    ", 4, strings.Join(parts, "; "))
	}
	for _, m := range r.Modules {
		var parts []string
		for _, s := range m.States {
			parts = append(parts, fmt.Sprintf("%d %s", s.Pos, s.State))
		}
		t.line("%s", clean(m.Module, t.st.ASCII))
		t.wrap("    ", 4, strings.Join(parts, "; "))
	}
	t.line("position %d of %d", r.Pos, r.End)
	return t.err
}
