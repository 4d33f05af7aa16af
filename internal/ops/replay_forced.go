package ops

import (
	"context"
	"errors"
	"fmt"
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
	w, err := c.recorded(ctx, s, rec, nil)
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
		if w, err = c.recorded(ctx, s, rec, d); err != nil {
			return nil, err
		}
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	w.points = walk.PointsOf([]string{snap.Kernel, strings.TrimPrefix(w.problem.Profile.Name, "v")}, d)
	r := &ForcedResult{Name: rec.Name, From: rec.Target, Target: d.Name(), Promise: rec.Promise, Moves: []explore.Moved{}, Verdicts: []ThreadVerdict{}}
	if c.Delays > 0 && len(w.ask) == 0 {
		return nil, &UsageError{Msg: "--delays counts how often a promise is broken, and the recording has none"}
	}
	route, model, err := c.fitting(ctx, s, w, d)
	if err != nil {
		return r, err
	}
	if c.Delays > 0 {
		return r, c.trials(ctx, s, d, w, model, r)
	}
	f, err := explore.ForceOn(ctx, d, w.points, route, w.ask)
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

// recordedRun is a recording that was repeated on the simulated kernel it was made
// with.
type recordedRun struct {
	rec     *explore.Recording
	problem *explore.Problem
	actions []sim.Action          // all that was done
	ask     []explore.LivePromise // the promise that it breaks, as a question; none where it breaks none
	points  walk.Points           // where the target that it is forced on stops; set when that is there
}

// recorded repeats a recording on the simulated kernel it was made with. like is the
// target whose modules it has, nil for its own.
func (c *replayCommand) recorded(ctx context.Context, s *Session, rec *explore.Recording, like kernel.Debugger) (w *recordedRun, err error) {
	own, err := s.childLike(ctx, rec.Target, like)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	d, ok := own.Target().(simulated)
	if !ok {
		return nil, notSearchable(rec.Target)
	}
	sys, profile, _, err := d.Past()
	if err != nil {
		return nil, err
	}
	p := rec.On(sys, profile)
	w = &recordedRun{rec: rec, problem: p}
	if rec.Promise != "" {
		q, err := promiseOf(rec.Promise)
		if err != nil {
			return nil, err
		}
		p.Promises = append(p.Promises, q)
		if w.ask, err = livePromises([]string{rec.Promise}); err != nil {
			return nil, err
		}
	}
	_, run, says, err := rerun(rec, p)
	if err != nil {
		return nil, err
	}
	defer run.Close()
	if rec.Promise != "" && says == "" {
		return nil, fmt.Errorf("the schedule keeps %s on %s: %w", rec.Promise, rec.Target, errNotSame)
	}
	w.actions = run.Actions()
	return w, nil
}

// fitting makes the list of moves of a schedule, such that the simulated kernel
// that stops where the target does, with the target's modules, shows the same;
// model is what came of it there.
func (c *replayCommand) fitting(ctx context.Context, s *Session, w *recordedRun, like kernel.Debugger) (route *explore.Route, model *explore.Forced, err error) {
	why := errors.New("it needs a thread to stand where no thread of a real kernel can be stopped")
	for _, late := range []bool{true, false} {
		route, err := explore.Forces(w.problem, w.actions, w.points, late)
		if err != nil {
			return nil, nil, err
		}
		own, err := s.childLike(ctx, w.rec.Target, like)
		if err != nil {
			return nil, nil, err
		}
		d, err := own.debugger()
		if err == nil {
			if model, err = explore.ForceOn(ctx, d, w.points, route, w.ask); err == nil && (model.Says != "") != (w.rec.Promise != "") {
				err = why
			}
		}
		if err := errors.Join(err, own.Close()); err == nil {
			return route, model, nil
		} else if ctx.Err() != nil {
			return nil, nil, ctx.Err()
		}
	}
	return nil, nil, fmt.Errorf("the schedule of %s cannot be forced from stop to stop: %w", w.rec.Name, why)
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
