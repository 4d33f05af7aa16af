package ops

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/explore"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/sim"
)

// trials repeats the schedule by delays alone, and counts how often the same
// promise is broken.
func (c *replayCommand) trials(ctx context.Context, s *Session, d kernel.Debugger, w *recordedRun, model *explore.Forced, r *ForcedResult) error {
	late, err := explore.Delays(w.problem, w.actions, w.points, c.Slot)
	if err != nil {
		return err
	}
	setup := slices.DeleteFunc(slices.Clone(w.actions), func(a sim.Action) bool {
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
		if says := w.ask[0].Ask(snap); says != "" {
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
