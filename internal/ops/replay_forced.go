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
