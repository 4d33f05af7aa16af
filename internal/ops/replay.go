package ops

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
)

func replayVerb() *Verb {
	return &Verb{
		Name: "replay", Group: groupJudge,
		Short:    "take the same schedule again, step by step the same",
		Usage:    "[--on TARGET] [--delays N] TRACE|TOKEN",
		New:      func() Command { return new(replayCommand) },
		Examples: []string{"replay builtin-race.trace", "replay --on vm:6.1 builtin-race.trace", "replay --on vm:6.1 --delays 50 builtin-race.trace"},
	}
}

type replayCommand struct {
	On     string        `placeholder:"TARGET" help:"Target to replay on; the recording's own otherwise."`
	Stops  bool          `help:"Force it from stop to stop, as on a real kernel, also on a simulated one."`
	Delays int           `placeholder:"N" help:"Hold nobody: make threads late where the schedule leaves them, and count in how many of N trials the same promise is broken."`
	Slot   time.Duration `default:"200ms" placeholder:"DURATION" help:"With --delays: how long a turn of the schedule is given; 200ms without it."`
	What   string        `arg:"" name:"trace|token" help:"A trace file, of record or explore, or a token of explore."`
}

// wantsTarget: the recording says which target it is for.
func (c *replayCommand) wantsTarget([]string) bool { return false }

func (c *replayCommand) Complete(_ *Session, _ []string, word string) []Candidate {
	return completeFiles(word, recording.Suffix)
}

// errNotSame says that a schedule was taken and showed something else.
var errNotSame = errors.New("not the same")

func (c *replayCommand) Run(ctx context.Context, s *Session) (Result, error) {
	trace, rec, err := c.read()
	if err != nil {
		return nil, err
	}
	if rec == nil {
		return c.machine(ctx, s, trace)
	}
	target := c.On
	if target == "" || target == "sim" {
		target = rec.Target
	}
	if err := c.checkForced(); err != nil {
		return nil, err
	}
	if c.isForced(target) {
		return c.forced(ctx, s, rec, trace, target)
	}
	if t := s.Target(); t == nil || t.Name() != target {
		if err := s.Open(ctx, target); err != nil {
			return nil, err
		}
	}
	d, ok := s.Target().(simulated)
	if !ok {
		return nil, notSearchable(target)
	}
	if err := asGiven(c.What, trace, rec, d); err != nil {
		return nil, err
	}
	return c.replay(s, d, rec)
}

// replay takes the schedule and makes it the target's run.
func (c *replayCommand) replay(s *Session, d simulated, rec *explore.Recording) (Result, error) {
	sys, _, _, err := d.Past()
	if err != nil {
		return nil, err
	}
	// The switches that were thrown since are no part of the recording.
	_, spec, _ := strings.Cut(d.Name(), ":")
	profile, err := sim.ParseProfile(spec)
	if err != nil {
		return nil, err
	}
	p := rec.On(sys, profile)
	if rec.Promise != "" {
		q, err := promiseOf(rec.Promise)
		if err != nil {
			return nil, err
		}
		p.Promises = append(p.Promises, q)
	}
	schedule, run, says, err := rerun(rec, p)
	if err != nil {
		return nil, err
	}
	sum, err := explore.TraceSum(run)
	if err != nil {
		run.Close()
		return nil, err
	}
	r := &ReplayResult{
		Name: rec.Name, Target: d.Name(), Promise: rec.Promise, Says: says, Steps: len(schedule), Actions: run.Len(),
		Setup: len(rec.Setup), Outcome: explore.Outcome(run), Trace: sum, Same: sum == rec.Trace && (rec.Promise == "") == (says == ""),
		Verdicts: []ThreadVerdict{},
	}
	for _, t := range explore.Look(run).Threads {
		if t.Task != "" {
			r.Verdicts = append(r.Verdicts, ThreadVerdict{t.ID, t.Task, t.Result, string(t.Verdict), t.Done})
		}
	}
	var prose strings.Builder
	if err := explore.Tell(&prose, run); err != nil {
		run.Close()
		return nil, err
	}
	r.Prose = split(prose.String())
	if err := d.Take(run); err != nil {
		run.Close()
		return nil, err
	}
	s.withDebug(func(st *debugState) { st.marks, st.moved = nil, "" })
	if !r.Same {
		return r, fmt.Errorf("the schedule ran and showed something else: %w: its trace is %s and was %s when it was recorded", errNotSame, sum, rec.Trace)
	}
	return r, nil
}

// rerun repeats a recording: its schedule to the end, or exactly what was done.
func rerun(rec *explore.Recording, p *explore.Problem) (explore.Schedule, *sim.Run, string, error) {
	if rec.Exact() {
		run, err := rec.Redo(p)
		if err != nil {
			err = fmt.Errorf("%w: %w", errNotSame, err)
		}
		return nil, run, "", err
	}
	schedule, err := explore.ParseToken(p, rec.Token)
	if err != nil {
		return nil, nil, "", err
	}
	run, says, err := explore.ReplayJudged(p, schedule)
	if err != nil {
		err = fmt.Errorf("%w: %w", errNotSame, err)
	}
	return schedule, run, says, err
}

// read reads what was named: a trace file with the schedule that it holds, nil
// where it is of a machine and holds what was done instead; or a schedule alone, a
// token or what a token says as JSON, and no trace.
func (c *replayCommand) read() (*recording.Recording, *explore.Recording, error) {
	if explore.IsWord(c.What) {
		rec, err := explore.ReadWord(c.What)
		if err != nil {
			return nil, nil, &UsageError{Msg: err.Error()}
		}
		return nil, &rec, nil
	}
	f, err := recording.OpenFile(c.What)
	if err != nil {
		return nil, nil, &UsageError{Msg: fmt.Sprintf("%s is neither a token nor a file that can be read: %v", quoteShort(c.What), cause(err))}
	}
	defer f.Close()
	trace, rec, err := readSchedule(f)
	if err != nil {
		return nil, nil, &UsageError{Msg: clean(c.What, false) + ": " + err.Error()}
	}
	return trace, rec, nil
}

func readSchedule(f io.Reader) (trace *recording.Recording, rec *explore.Recording, err error) {
	in := bufio.NewReader(f)
	var alone explore.Recording
	// What is too short to look at is no trace.
	if head, _ := in.Peek(2); !recording.IsTrace(head) {
		alone, err = explore.ReadRecording(in)
		return nil, &alone, err
	}
	if trace, err = recording.Read(in); err != nil || ofMachine(trace) {
		return trace, nil, err
	}
	alone, err = explore.OfTrace(trace)
	return trace, &alone, err
}

// ReplayResult is a schedule that was taken again.
type ReplayResult struct {
	Name     string          `json:"name"` // of what was searched
	Target   string          `json:"target"`
	Promise  string          `json:"promise,omitempty"`
	Says     string          `json:"says,omitempty"` // how the promise is broken
	Steps    int             `json:"steps"`          // of the schedule
	Setup    int             `json:"setup"`          // positions before it begins
	Actions  int             `json:"positions"`      // in all
	Outcome  string          `json:"outcome"`
	Verdicts []ThreadVerdict `json:"verdicts"`
	Trace    string          `json:"trace"` // hash of all events
	Same     bool            `json:"same"`  // as when it was recorded
	Prose    []string        `json:"prose"`
}

// ThreadVerdict is what became of a spawned thread.
type ThreadVerdict struct {
	Thread  string `json:"thread"`
	Task    string `json:"task"`
	Result  int64  `json:"result"`
	Verdict string `json:"verdict,omitempty"`
	Done    bool   `json:"done"`
}

// WriteText writes the steps and what came of them.
func (r *ReplayResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.story(r.Prose)
	t.line("")
	item := func(label, text string) { t.wrap(fmt.Sprintf("%-9s", label), 9, text) }
	how := fmt.Sprintf("%d steps of the schedule, positions %d to %d", r.Steps, r.Setup, r.Actions)
	if r.Steps == 0 {
		how = fmt.Sprintf("all that was done, positions 0 to %d", r.Actions)
	}
	name := r.Name
	if name == "" {
		name = "a session"
	}
	item("replayed", fmt.Sprintf("%s on %s: %s", name, r.Target, how))
	for _, v := range verdictLines(r.Verdicts) {
		item("thread", v)
	}
	if r.Promise != "" {
		how := t.paint(red, "broken") + ": " + r.Promise + ": " + r.Says
		if r.Says == "" {
			how = t.paint(green, "kept") + ": " + r.Promise
		}
		item("promise", how)
	}
	same := "as when it was recorded, byte for byte"
	if !r.Same {
		same = t.paint(red, "not") + " as when it was recorded"
	}
	item("trace", r.Trace+", "+same)
	return t.err
}
