package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/walk"
)

// Bounds of a replay by delays.
const (
	maxTrials = 100_000
	maxSlot   = time.Minute
)

// checkForced refuses words that do not go together.
func (c *replayCommand) checkForced() error {
	switch {
	case c.Delays < 0 || c.Delays > maxTrials:
		return &UsageError{Msg: fmt.Sprintf("--delays is a number of trials, up to %d", maxTrials)}
	case c.Slot <= 0 || c.Slot > maxSlot:
		return &UsageError{Msg: "--slot is a time, up to " + maxSlot.String()}
	}
	return nil
}

// isForced says whether the schedule is forced on a target from stop to stop:
// a real kernel, or because it was asked for.
func (c *replayCommand) isForced(target string) bool {
	return !kernel.IsSim(target) || c.Stops || c.Delays > 0
}

// forced repeats a recording on another target than the simulated kernel it was
// made with.
func (c *replayCommand) forced(ctx context.Context, s *Session, rec *explore.Recording, trace *recording.Recording, target string) (res Result, err error) {
	// What was found on this target was found with its modules, which is known
	// once it is there; else a recording that is no good need not start one.
	p, actions, ask, err := c.recorded(ctx, s, rec, nil)
	if err != nil && !errors.Is(err, explore.ErrStale) {
		return nil, err
	}
	own, oerr := s.child(ctx, target)
	if oerr != nil {
		return nil, errors.Join(err, oerr)
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	d, oerr := own.debugger()
	if oerr != nil {
		return nil, errors.Join(err, oerr)
	}
	if gerr := asGiven(c.What, trace, rec, d); gerr != nil {
		return nil, gerr
	}
	if err != nil {
		if p, actions, ask, err = c.recorded(ctx, s, rec, d); err != nil {
			return nil, err
		}
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	points := walk.PointsOf([]string{snap.Kernel, strings.TrimPrefix(p.Profile.Name, "v")}, d)
	r := &ForcedResult{Name: rec.Name, From: rec.Target, Target: d.Name(), Promise: rec.Promise, Moves: []explore.Moved{}, Verdicts: []ThreadVerdict{}}
	if c.Delays > 0 && len(ask) == 0 {
		return nil, &UsageError{Msg: "--delays counts how often a promise is broken, and the recording has none"}
	}
	route, model, err := c.fitting(ctx, s, rec, d, p, actions, points, ask)
	if err != nil {
		return r, err
	}
	if c.Delays > 0 {
		return r, c.trials(ctx, s, d, p, actions, points, ask, model, r)
	}
	f, err := explore.ForceOn(ctx, d, points, route, ask)
	if f != nil {
		r.Moves, r.Says, r.Diverged = f.Moves, f.Says, f.Diverged
		if f.State != nil {
			r.Verdicts = verdictsOf(f.State.Snapshot)
		}
	}
	if err != nil {
		if errors.Is(err, explore.ErrDiverged) {
			err = fmt.Errorf("%w: %w", errNotSame, err)
		}
		return r, err
	}
	if r.Outcome, err = explore.LiveOutcome(ctx, d, f.State); err != nil {
		return r, err
	}
	r.Same = (r.Says != "") == (rec.Promise != "")
	if !r.Same {
		return r, fmt.Errorf("the schedule was taken and showed something else: %w", errNotSame)
	}
	return r, nil
}

// recorded repeats a recording on the simulated kernel it was made with: the
// problem, all that was done, and the promise it breaks, as a question. like is the
// target whose modules it has, nil for its own.
func (c *replayCommand) recorded(ctx context.Context, s *Session, rec *explore.Recording, like kernel.Debugger) (p *explore.Problem, actions []sim.Action, ask []explore.LivePromise, err error) {
	own, err := s.childLike(ctx, rec.Target, like)
	if err != nil {
		return nil, nil, nil, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	d, ok := own.Target().(simulated)
	if !ok {
		return nil, nil, nil, notSearchable(rec.Target)
	}
	sys, profile, _, err := d.Past()
	if err != nil {
		return nil, nil, nil, err
	}
	p = rec.On(sys, profile)
	if rec.Promise != "" {
		q, err := promiseOf(rec.Promise)
		if err != nil {
			return nil, nil, nil, err
		}
		p.Promises = append(p.Promises, q)
		if ask, err = livePromises([]string{rec.Promise}); err != nil {
			return nil, nil, nil, err
		}
	}
	_, run, says, err := rerun(rec, p)
	if err != nil {
		return nil, nil, nil, err
	}
	defer run.Close()
	if rec.Promise != "" && says == "" {
		return nil, nil, nil, fmt.Errorf("the schedule keeps %s on %s: %w", rec.Promise, rec.Target, errNotSame)
	}
	return p, run.Actions(), ask, nil
}

// fitting makes the list of moves of a schedule, such that the simulated kernel
// that stops where the target does, with the target's modules, shows the same;
// model is what came of it there.
func (c *replayCommand) fitting(ctx context.Context, s *Session, rec *explore.Recording, like kernel.Debugger, p *explore.Problem, actions []sim.Action, points walk.Points, ask []explore.LivePromise) (route *explore.Route, model *explore.Forced, err error) {
	why := errors.New("it needs a thread to stand where no thread of a real kernel can be stopped")
	for _, late := range []bool{true, false} {
		route, err := explore.Forces(p, actions, points, late)
		if err != nil {
			return nil, nil, err
		}
		own, err := s.childLike(ctx, rec.Target, like)
		if err != nil {
			return nil, nil, err
		}
		d, err := own.debugger()
		if err == nil {
			if model, err = explore.ForceOn(ctx, d, points, route, ask); err == nil && (model.Says != "") != (rec.Promise != "") {
				err = why
			}
		}
		if err := errors.Join(err, own.Close()); err == nil {
			return route, model, nil
		} else if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	return nil, nil, fmt.Errorf("the schedule of %s cannot be forced from stop to stop: %w", rec.Name, why)
}

// trials repeats the schedule by delays alone, and counts how often the same
// promise is broken.
func (c *replayCommand) trials(ctx context.Context, s *Session, d kernel.Debugger, p *explore.Problem, actions []sim.Action, points walk.Points, ask []explore.LivePromise, model *explore.Forced, r *ForcedResult) error {
	late, err := explore.Delays(p, actions, points, c.Slot)
	if err != nil {
		return err
	}
	setup := slices.DeleteFunc(slices.Clone(actions), func(a sim.Action) bool {
		return a.Kind == sim.DoStep || a.Kind == sim.DoAdvance || a.Kind == sim.DoRelease || a.Fault != nil && a.Fault.Hold
	})
	if err := explore.SetUp(ctx, d, setup); err != nil {
		return err
	}
	for _, l := range late {
		f, ok := model.Fault(l)
		if !ok {
			continue // it comes to no stop there: nobody has to wait for it
		}
		r.Delays = append(r.Delays, f)
		if _, err := d.AddFault(ctx, f); err != nil {
			return err
		}
	}
	if sparing, ok := d.(kernel.Sparing); ok {
		sparing.Spare(true)
		defer sparing.Spare(false)
		pos, _ := d.Pos()
		if err := sparing.Pin(ctx, pos); err != nil {
			return err
		}
	}
	base, _ := d.Pos()
	count := map[string]int{}
	for i := range c.Delays {
		s.Progress("trials", int64(i), int64(c.Delays))
		if i > 0 {
			if err := d.Goto(ctx, base); err != nil {
				return err
			}
		}
		if _, err := d.Run(ctx, kernel.RunOptions{AtOnce: true}); err != nil {
			return err
		}
		snap, err := d.Snapshot(ctx)
		if err != nil {
			return err
		}
		r.Trials++
		if says := ask[0].Ask(snap); says != "" {
			r.Hits++
			r.Says = says
		}
		count[endOf(snap)]++
	}
	for text, n := range count {
		r.Ends = append(r.Ends, End{Times: n, Outcome: text})
	}
	slices.SortFunc(r.Ends, func(a, b End) int {
		if a.Times != b.Times {
			return b.Times - a.Times
		}
		return strings.Compare(a.Outcome, b.Outcome)
	})
	r.Same = r.Hits > 0
	if !r.Same {
		return fmt.Errorf("%w: none of %d trials broke %s", errNotSame, r.Trials, r.Promise)
	}
	return nil
}

// endOf is what the spawned threads were told, in one line.
func endOf(snap *kernel.Snapshot) string {
	var parts []string
	for _, v := range verdictsOf(snap) {
		parts = append(parts, strings.TrimSuffix(fmt.Sprintf("%s=%d %s", v.Thread, v.Result, v.Verdict), " "))
	}
	return strings.Join(parts, "; ")
}

// verdictsOf are the results of the spawned threads.
func verdictsOf(snap *kernel.Snapshot) []ThreadVerdict {
	list := []ThreadVerdict{}
	for _, t := range snap.Threads {
		if t.Task != "" {
			list = append(list, ThreadVerdict{t.ID, t.Task, t.Result, string(t.Verdict), t.Done})
		}
	}
	return list
}

// ForcedResult is a schedule that was forced on a target from stop to stop, or
// tried with delays.
type ForcedResult struct {
	Name     string          `json:"name"`
	From     string          `json:"from"`   // the simulated kernel it was found on
	Target   string          `json:"target"` // where it was taken
	Promise  string          `json:"promise,omitempty"`
	Says     string          `json:"says,omitempty"` // how the promise is broken
	Moves    []explore.Moved `json:"moves"`
	Diverged string          `json:"diverged,omitempty"`
	Outcome  string          `json:"outcome,omitempty"`
	Verdicts []ThreadVerdict `json:"verdicts"`
	Same     bool            `json:"same"`
	// By delays: what is late by how much, how many trials, in how many the same
	// promise was broken, and what they came to.
	Delays []kernel.Fault `json:"delays,omitempty"`
	Trials int            `json:"trials,omitempty"`
	Hits   int            `json:"hits,omitempty"`
	Ends   []End          `json:"ends,omitempty"`
}

// End is what trials came to, and how many of them.
type End struct {
	Times   int    `json:"times"`
	Outcome string `json:"outcome"`
}

// WriteText writes the moves, or the delays, and what came of them.
func (r *ForcedResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	item := func(label, text string) { t.wrap(fmt.Sprintf("%-9s", label), 9, text) }
	item("replayed", fmt.Sprintf("%s, found on %s, on %s", r.Name, r.From, r.Target))
	if r.Trials > 0 {
		for i, f := range r.Delays {
			words, _, _ := strings.Cut(faultWords(f), ", met")
			item([]string{"delays", ""}[min(i, 1)], words)
		}
		if len(r.Delays) == 0 {
			item("delays", "none: the schedule is the threads in their turn")
		}
		item("rate", fmt.Sprintf("%d of %d trials (%d %%) broke %s", r.Hits, r.Trials, r.Hits*100/r.Trials, r.Promise))
		for i, e := range r.Ends {
			item([]string{"ends", ""}[min(i, 1)], fmt.Sprintf("%d: %s", e.Times, e.Outcome))
		}
		return t.err
	}
	if len(r.Moves) > 0 {
		rows := [][]cell{header("move", "thread", "comes to")}
		for i, m := range r.Moves {
			rows = append(rows, []cell{str(fmt.Sprint(i + 1)), str(m.Thread), str(described(m.At))})
		}
		t.table(rows)
	}
	for _, v := range r.Verdicts {
		item("thread", v.words())
	}
	if r.Diverged != "" {
		return t.err
	}
	if r.Promise != "" {
		how := t.paint(red, "broken") + ": " + r.Promise + ": " + r.Says
		if r.Says == "" {
			how = t.paint(green, "kept") + ": " + r.Promise
		}
		item("promise", how)
	}
	same := "as on " + r.From
	if !r.Same {
		same = t.paint(red, "not") + " " + same
	}
	item("result", same)
	return t.err
}
