package lab

import (
	"context"
	"fmt"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// settingsWait bounds the question for the settings, which completion asks.
const settingsWait = 10 * time.Second

// Pos implements kernel.Debugger.
func (t *target) Pos() (pos, end int) {
	t.debug.mu.Lock()
	defer t.debug.mu.Unlock()
	return t.debug.pos, len(t.debug.actions)
}

// OnlyOnward implements kernel.Onward: no position is kept.
func (t *target) OnlyOnward() (again func()) {
	set := func(on bool) {
		t.debug.mu.Lock()
		defer t.debug.mu.Unlock()
		t.debug.onward = on
	}
	set(true)
	return func() { set(false) }
}

// Spare implements kernel.Sparing.
func (t *target) Spare(on bool) {
	t.debug.mu.Lock()
	defer t.debug.mu.Unlock()
	t.debug.sparing = on
}

// keep saves the machine as the present position. The first one is kept always:
// without it there is no going back at all.
func (t *target) keep(ctx context.Context) error {
	if t.debug.onward || t.debug.sparing && t.debug.pos > 0 {
		return nil
	}
	return t.checkpoint(ctx, t.debug.pos)
}

// Goto implements kernel.Debugger: the machine is brought back from the nearest
// checkpoint at or before the position, and what was done between is done
// again.
func (t *target) Goto(ctx context.Context, pos int) error {
	done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	d := &t.debug
	if pos < 0 || pos > len(d.actions) {
		return fmt.Errorf("no position %d: there are positions 0 to %d", pos, len(d.actions))
	}
	if near, ok := t.nearest(pos); pos < d.pos || ok && near > d.pos {
		at, err := t.restoreTo(ctx, pos)
		if err != nil {
			return err
		}
		d.pos, d.last = at, ""
		if err := t.refresh(ctx); err != nil {
			return err
		}
	}
	redone := d.pos < pos
	for d.pos < pos {
		r, err := t.apply(ctx, d.actions[d.pos])
		if err == nil && r.Stuck != "" {
			err = &kernel.StuckError{Thread: d.actions[d.pos].thread, Where: r.Stuck}
		}
		if err != nil {
			return fmt.Errorf("position %d: what led to it cannot be done again: %w", d.pos+1, err)
		}
		d.actions[d.pos].events = t.events.Last()
		d.pos++
	}
	if redone {
		return t.keep(ctx)
	}
	return nil
}

// refresh forgets what is known of the guest's threads and asks anew, after
// the machine has become another one.
func (t *target) refresh(ctx context.Context) error {
	d := &t.debug
	d.threads, d.version, d.view, d.seen = nil, 0, view{}, nil
	_, err := t.look(ctx)
	return err
}

// Fork implements kernel.Debugger.
func (t *target) Fork(ctx context.Context) (kernel.Debugger, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	d := &t.debug
	if near, ok := t.nearest(d.pos); !ok || near != d.pos {
		if err := t.checkpoint(ctx, d.pos); err != nil {
			return nil, err
		}
	}
	f, at, err := t.forkAt(ctx, d.pos)
	if err != nil {
		return nil, err
	}
	if at != d.pos {
		f.Close()
		return nil, fmt.Errorf("forking at position %d: only position %d is kept", d.pos, at)
	}
	f.debug.began, f.debug.pos, f.debug.faults, f.debug.serial = true, d.pos, d.faults, d.serial
	f.debug.actions = append([]action(nil), d.actions[:d.pos]...)
	f.debug.moves = kernel.MovesTo(d.moves, d.pos)
	f.debug.builtin, f.debug.sparing = d.builtin, d.sparing
	f.debug.touched.Store(true)
	f.debug.before.Store(d.before.Load())
	if err := f.refresh(ctx); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// look asks the guest for all there is to see and takes it in.
func (t *target) look(ctx context.Context) (s wire.Snapshot, err error) {
	d := &t.debug
	tell, at := t.question()
	if err := t.call(ctx, wire.OpSnapshot, tell, &s); err != nil {
		return s, err
	}
	d.merge(s.Threads)
	return s, t.saw(&s, at)
}

// askedAt is when a snapshot was asked for: the life of the log, and the count of
// what was done aside.
type askedAt struct {
	life  int
	aside int64
}

// question is what the guest is to tell beyond what is known.
func (t *target) question() (wire.Tell, askedAt) {
	d := &t.debug
	seq, life := t.log.mark()
	return wire.Tell{Since: d.version, Look: &wire.Look{LogSeq: seq, Seen: d.view.number}}, askedAt{life, d.aside.Load()}
}

// saw takes in a snapshot but its threads.
func (t *target) saw(s *wire.Snapshot, at askedAt) error {
	d := &t.debug
	if err := d.view.update(s); err != nil {
		return fmt.Errorf("%s: %w", t.name, err)
	}
	t.log.take(s.Log, s.LogSeq, at.life)
	d.seen, d.seenAside = s, at.aside
	return nil
}
