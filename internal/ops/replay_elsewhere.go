package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
	"example.org/kmodsh/internal/trace"
	"example.org/kmodsh/internal/walk"
)

// modelOf names the simulated kernel that is nearest to that of a trace.
func modelOf(rec *recording.Recording) string {
	if _, err := sim.ParseProfile("v" + rec.Kernel); rec.Kernel != "" && err == nil {
		return "sim:v" + rec.Kernel
	}
	return "sim"
}

// elsewhere takes the moves of a machine's trace on a simulated kernel, which
// becomes the session's target.
func (c *replayCommand) elsewhere(ctx context.Context, s *Session, rec *recording.Recording, actions []kernel.Action, target string, r *MachineReplay) error {
	if target == "sim" {
		target = modelOf(rec)
	}
	if err := s.Open(ctx, target); err != nil {
		return err
	}
	d, err := s.debugger()
	if err != nil {
		return err
	}
	if err := asGiven(c.What, rec, nil, d); err != nil {
		return err
	}
	return c.elsewhereOn(ctx, s, d, rec, actions, r)
}

// elsewhereOn takes the moves on a target whose threads do not stop where those of
// the machine did, and compares what came of them.
func (c *replayCommand) elsewhereOn(ctx context.Context, s *Session, d kernel.Debugger, rec *recording.Recording, actions []kernel.Action, r *MachineReplay) error {
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return err
	}
	r.Target, r.Elsewhere = d.Name(), true
	points := walk.PointsOf([]string{rec.Kernel, snap.Kernel}, d)
	f, err := explore.ForceOn(ctx, d, points, explore.Retrace(rec, actions, points), nil)
	if f != nil {
		r.Moves, r.Diverged = f.Moves, f.Diverged
	}
	if err != nil && !errors.Is(err, explore.ErrDiverged) {
		return err
	}
	if snap, serr := d.Snapshot(ctx); serr == nil {
		r.Verdicts = verdictsOf(snap)
		if err == nil {
			r.Done = len(actions)
			r.Looked = 1
			end := rec.End()
			r.Differ = append(differEnds(actions, end, snap), differTold(rec, end, snap)...)
		}
	} else {
		err = errors.Join(err, serr)
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errNotSame, err)
	case len(r.Differ) > 0:
		return errNot("the same moves end in something else")
	}
	r.Same = true
	return nil
}

// differEnds compares what became of the threads that were spawned, wherever
// those stand that have not ended; of a crowd, whoever of it that came to.
func differEnds(actions []kernel.Action, was, is *kernel.Snapshot) []Pair {
	if slices.ContainsFunc(actions, func(a kernel.Action) bool { return a.Do == kernel.ActAll }) {
		return differCounts(was, is)
	}
	spawned := func(s *kernel.Snapshot) *kernel.Snapshot {
		t := *s
		t.Threads = nil
		for _, th := range s.Threads {
			if th.Task == "" || was.Thread(th.ID) == nil {
				continue
			}
			if th.At = ""; th.Status == "held" {
				th.Status = "ready" // where it is held, the other may not be able to
			}
			t.Threads = append(t.Threads, th)
		}
		return &t
	}
	return differStands(spawned(was), spawned(is))
}

// differTold compares the states of the modules that the threads of a trace had
// to do with.
func differTold(rec *recording.Recording, was, is *kernel.Snapshot) []Pair {
	list := []Pair{}
	seen := map[string]bool{}
	for _, e := range rec.Events {
		if e.Module == "" || seen[e.Module] || e.Thread.ID == "" || strings.HasPrefix(e.Module, "kmodsh") {
			continue
		}
		seen[e.Module] = true
		then, now := was.State(e.Module), is.State(e.Module)
		if then != now && then != trace.Builtin && now != trace.Builtin {
			list = append(list, Pair{"module " + e.Module, string(then), string(now)})
		}
	}
	return list
}
