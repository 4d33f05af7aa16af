package lab

import (
	"context"
	"errors"
	"fmt"
	"os"

	"example.org/kmodsh/internal/kernel"
)

// checkpoint is a machine at one moment: what it takes to make the target be
// there again.
type checkpoint struct {
	pos    int
	pinned bool
	theirs uint64 // number that the guest gave the last event that had come
	// printed is what was known of its kernel's log.
	printed printed
	// story is what had happened, up to that event.
	story *story
	// console is what had been printed.
	console consoleState
	image   *image
	kept    string // file of one that was kept under a name, and has no image
}

func (cp *checkpoint) String() string { return fmt.Sprintf("position %d", cp.pos) }

// errNoCheckpoint: there is nothing at or before the position asked for.
var errNoCheckpoint = errors.New("no checkpoint")

// take waits until nobody else saves, forks or replaces the machine. The
// context it returns ends with ctx, and when the target is closed; done lets
// the next one.
func (t *target) take(ctx context.Context) (_ context.Context, done func(), err error) {
	select {
	case <-t.settled:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	select {
	case t.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
	if t.life.Err() != nil {
		<-t.turn
		return nil, nil, kernel.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(t.life, func() { cancel(kernel.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		<-t.turn
	}, nil
}

// checkpoint saves the machine as position pos, in place of what was saved as
// that, and lets it run on: it stands still for a tenth of a second. What the
// guest does meanwhile, and events that are on their way, belong to the
// checkpoint, and come again after restoreTo; so nothing has to be quiet. From
// the first checkpoint on the event log stays open when the machine dies, since
// the target can still go back.
func (t *target) checkpoint(ctx context.Context, pos int) error {
	ctx, done, err := t.take(ctx)
	if err != nil {
		return err
	}
	defer done()
	if err := t.past.pool.open(t.made.cache); err != nil {
		return fmt.Errorf("checkpoint %d: %w", pos, err)
	}
	v := t.running()
	cp := &checkpoint{pos: pos}
	var last uint64
	cp.image, err = t.past.pool.save(ctx, func(f *os.File) error {
		return v.write(ctx, f, func() {
			cp.theirs, last = v.client.mark()
			cp.printed = t.log.state()
			cp.console = v.console.state()
		})
	})
	if err != nil {
		if dead := v.Err(); dead != nil {
			return dead
		}
		return fmt.Errorf("checkpoint %d: %w", pos, err)
	}
	v.mu.Lock()
	v.lasting = true
	v.mu.Unlock()
	t.story = t.story.goOn(t.events, last)
	cp.story = t.story
	t.past.add(cp)
	return nil
}

// restoreTo makes the target be at position pos again, or at the nearest
// earlier one that is still kept; at tells which. The guest goes on from that
// instant, its monotonic clock too; the wall clock is set right. The event log
// is cut back to what had come by then. Calls that are under way end with an
// error. A machine that has died comes back to life. After an error the target
// is where it was.
func (t *target) restoreTo(ctx context.Context, pos int) (at int, err error) {
	ctx, done, err := t.take(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	cp := t.past.find(pos)
	if cp == nil {
		return 0, fmt.Errorf("going to position %d: %w", pos, errNoCheckpoint)
	}
	defer t.past.pool.drop(cp.image)
	if err := t.replace(ctx, cp); err != nil {
		return 0, fmt.Errorf("going to position %d: %w", cp.pos, t.giveUp(cp, err))
	}
	return cp.pos, nil
}

// forkAt returns a second target, independent of this one, at position pos or
// at the nearest earlier one; at tells which. It has the same past, also to go
// back to, and its own future. The caller closes it.
func (t *target) forkAt(ctx context.Context, pos int) (f *target, at int, err error) {
	ctx, done, err := t.take(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer done()
	cp := t.past.find(pos)
	if cp == nil {
		return nil, 0, fmt.Errorf("forking at position %d: %w", pos, errNoCheckpoint)
	}
	defer t.past.pool.drop(cp.image)
	f = newTarget(t.name, nil)
	f.boot, f.config, f.configPaths, f.accel = t.boot, t.config, t.configPaths, t.accel
	f.made, f.savedAs, f.split, f.resumed = t.made, t.savedAs, t.split, t.resumed
	// The console that a person wants kept is the first one's.
	f.made.options.console = ""
	close(f.settled)
	f.story = cp.story
	f.events = t.events.Copy(t.story.common(cp.story).last())
	f.events.Rewrite(f.events.Last(), cp.story.since(t.story.common(cp.story)))
	if f.vm, err = t.bring(ctx, cp, f.made.options); err != nil {
		return nil, 0, fmt.Errorf("forking at position %d: %w", cp.pos, t.giveUp(cp, err))
	}
	f.vm.client.show(f.events)
	f.log.become(cp.printed)
	f.past = t.past.share(cp.pos)
	return f, cp.pos, nil
}

// giveUp removes a checkpoint that turned out to be damaged, and says so.
func (t *target) giveUp(cp *checkpoint, err error) error {
	if !isDamaged(err) {
		return err
	}
	t.past.remove(cp)
	if at, ok := t.past.nearest(cp.pos); ok {
		return fmt.Errorf("%w; this checkpoint is given up, the nearest before it is position %d", err, at)
	}
	return fmt.Errorf("%w; this checkpoint is given up, and there is none before it", err)
}

// Pin implements kernel.Pinner. A position that has no checkpoint any more is
// one that the debugger would rerun to; only the present one gets one.
func (t *target) Pin(ctx context.Context, pos int) error {
	done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if t.past.pin(pos, true) || pos != t.debug.pos || t.debug.onward {
		return nil
	}
	if err := t.checkpoint(ctx, pos); err != nil {
		return err
	}
	t.past.pin(pos, true)
	return nil
}

// Unpin implements kernel.Pinner.
func (t *target) Unpin(pos int) { t.past.pin(pos, false) }

// nearest returns the position of the newest checkpoint at or before pos.
func (t *target) nearest(pos int) (at int, ok bool) { return t.past.nearest(pos) }

// forget removes the checkpoints at pos and after it: a future that will not be.
func (t *target) forget(pos int) { t.past.forget(pos) }
