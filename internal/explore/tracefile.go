package explore

import (
	"bufio"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
)

// WriteTrace writes a recording as a trace file, with all there is to see at
// every position of its run, which is at its end afterwards; given is what the
// target was opened with besides its name. On an error what was written is of no
// use.
func (r Recording) WriteTrace(out io.Writer, run *sim.Run, given *recording.Given) error {
	end := run.Pos()
	if err := run.Goto(0); err != nil {
		return err
	}
	first := Look(run)
	r.Given = given.ConfigSum()
	h := recording.Header{Target: r.Target, Kernel: first.Kernel, Scenario: r.Name, Steps: true, Given: given}
	h.Builtin, h.Dirs = run.System().InImage()
	w, err := recording.NewWriter(out, h)
	if err != nil {
		return err
	}
	w.Schedule(r)
	told := 0
	for pos := 0; ; pos++ {
		s := Look(run)
		for _, e := range s.Events[told:] {
			w.Event(e)
		}
		told = len(s.Events)
		w.Snapshot(s)
		if pos == end {
			return w.Close("")
		}
		if err := run.Goto(pos + 1); err != nil {
			return err
		}
	}
}

// OfTrace returns the recording that a trace holds: its schedule, or what was
// done in it. The error is for a trace that cannot be repeated.
func OfTrace(t *recording.Recording) (Recording, error) {
	var r Recording
	if t.Schedule != nil {
		if err := json.Unmarshal(t.Schedule, &r); err != nil {
			return r, fmt.Errorf("the schedule in the trace: %w", err)
		}
		if r.Kind != recordingKind {
			return r, fmt.Errorf("no schedule of this version of kmodsh: its kind is %.40q, not %q", r.Kind, recordingKind)
		}
		return r, r.check()
	}
	if t.Missing != "" && len(t.Actions) == 0 {
		return r, fmt.Errorf("%w: %s", kernel.ErrDamaged, t.Missing)
	}
	if !kernel.IsSim(t.Target) && len(t.Actions) > 0 {
		return r, fmt.Errorf("the trace is of a session on %.60q, and is no schedule", t.Target)
	}
	if len(t.Actions) == 0 {
		return r, fmt.Errorf("the trace of %.60q has no schedule and nothing that was done step by step: it can be opened, and not repeated", t.Target)
	}
	r = Recording{Kind: recordingKind, Name: t.Scenario, Target: t.Target, Given: t.Given.ConfigSum()}
	for i, text := range t.Actions {
		var a sim.Action
		if err := json.Unmarshal(text, &a); err != nil {
			return r, fmt.Errorf("action %d of the trace: %w", i+1, err)
		}
		r.Setup = append(r.Setup, a)
	}
	var err error
	if r.Trace, err = sumOf(t.Events); err != nil {
		return r, err
	}
	return r, r.check()
}

// Exact says that the recording is a list of all that was done, to be done
// again and nothing more, and not a schedule that is taken to its end.
func (r *Recording) Exact() bool { return r.Token == "" }

// Redo does what an exact recording holds.
func (r *Recording) Redo(p *Problem) (*sim.Run, error) { return p.start() }

// sumOf is TraceSum of events.
func sumOf(events []trace.Event) (string, error) {
	h := fnv.New64a()
	e := json.NewEncoder(h)
	for _, ev := range events {
		if err := e.Encode(ev); err != nil {
			return "", fmt.Errorf("the trace: %w", err)
		}
	}
	return fmt.Sprintf("%016x", h.Sum64()), nil
}

// readTrace reads the recording in a trace file.
func readTrace(in *bufio.Reader) (Recording, error) {
	t, err := recording.Read(in)
	if err != nil {
		return Recording{}, err
	}
	return OfTrace(t)
}
