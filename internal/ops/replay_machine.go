package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/trace"
)

// ofMachine says whether a trace is of a machine, and holds what was done to it.
func ofMachine(rec *recording.Recording) bool {
	return rec.Schedule == nil && !kernel.IsSim(rec.Target) && len(rec.Actions) > 0
}

// machine does again what was done to a machine: on one with the same kernel
// action by action, on another target by moving each thread to where it came.
func (c *replayCommand) machine(ctx context.Context, s *Session, rec *recording.Recording) (Result, error) {
	if c.Delays > 0 {
		return nil, &UsageError{Msg: "--delays counts how often a promise is broken, and a session that was recorded has none"}
	}
	actions, err := actionsOf(rec)
	if err != nil {
		return nil, err
	}
	died, err := diedOf(rec)
	if err != nil {
		return nil, err
	}
	if rec.Unrepeated != "" {
		return nil, fmt.Errorf("%s can be opened, and not repeated from its beginning: %s", clean(c.What, false), clean(rec.Unrepeated, false))
	}
	target := c.On
	if target == "" {
		target = rec.Target
		if err := s.lacks(target, rec); err != nil {
			var usage *UsageError
			if errors.As(err, &usage) {
				return nil, err
			}
			err = &OpenError{Target: clean(target, false), Err: err}
			return nil, &hintedError{err, c.otherwise(rec)}
		}
	}
	if target != rec.Target && midway(rec) {
		return nil, fmt.Errorf("%s begins at a moment of %s, with threads that stand there: it can be opened, and repeated only from it", clean(c.What, false), clean(rec.Target, false))
	}
	r := &MachineReplay{
		File: c.What, From: rec.Target, Actions: len(actions), Missing: rec.Missing, Verdicts: []ThreadVerdict{},
		Differ: []Pair{}, Before: []trace.Event{}, Was: []trace.Event{}, Is: []trace.Event{},
	}
	if kernel.IsSim(target) {
		if died != nil {
			r.Note = noDeath
		}
		return r, c.elsewhere(ctx, s, rec, actions, target, r)
	}
	if err := s.Open(ctx, target); err != nil {
		return nil, err
	}
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if err := asGiven(c.What, rec, nil, d); err != nil {
		return nil, err
	}
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	if rep, ok := d.(kernel.Repeater); ok && snap.Kernel == rec.Kernel && !c.Stops {
		r.GivenUp = true // until it has come to something
		a := &again{s: s, d: d, rep: rep, rec: rec, actions: actions, faults: map[int]int{}, r: r, died: died}
		return r, a.all(ctx)
	}
	if died != nil {
		r.Note = noDeath
	}
	return r, c.elsewhereOn(ctx, s, d, rec, actions, r)
}

// noDeath is for a target that is not asked to die.
const noDeath = "the kernel died of what came next when it was recorded, which is not done here"

// midway says whether a trace begins where threads were on their way already.
func midway(rec *recording.Recording) bool {
	first, _ := rec.Positions()
	return first == 0 && len(rec.At(0).Threads) > 0
}

// lacks says what is missing here for a target that a file names, and the
// command that gets it. A file does not make this machine fetch or install
// anything, nor open what is no machine.
func (s *Session) lacks(target string, rec *recording.Recording) error {
	spec, ok := strings.CutPrefix(target, "vm:")
	if !ok || spec == "" || strings.Trim(spec, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.+~@") != "" {
		return &UsageError{Msg: fmt.Sprintf("the trace says that it was recorded on %s, which is no machine; --on TARGET names another", quoteShort(target))}
	}
	if s.Missing == nil {
		return nil
	}
	driver := slices.ContainsFunc(rec.Events, func(e trace.Event) bool { return e.Source == "driver" })
	return s.Missing(target, driver)
}

// otherwise says what can be done with a trace without its kernel.
func (c *replayCommand) otherwise(rec *recording.Recording) string {
	file := Quote(c.What)
	text := "without it: kmodsh open " + file + " looks at all of it, offline"
	if midway(rec) {
		return text
	}
	return text + fmt.Sprintf("; kmodsh replay --on %s %s takes the same moves on the simulated kernel", modelOf(rec), file)
}

// errNot wraps errNotSame with what differs.
func errNot(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errNotSame, fmt.Sprintf(format, args...))
}

// isOver says whether an error ends a replay without being what came of it.
func isOver(ctx context.Context, d kernel.Target, err error) bool {
	var dead *kernel.DeadError
	return ctx.Err() != nil || errors.As(err, &dead) && dead.Blame == kernel.BlameLab || errors.Is(d.Err(), kernel.ErrClosed)
}
