package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// restoreLimit is how long a checkpoint may take to come back and answer; it
// takes a quarter of a second. A machine that does not get on is ended before
// that (vm.watchHang), by what time it had, not by what went by.
const restoreLimit = 2 * time.Minute

// errWentBack is what calls get that were under way when their machine was
// replaced by an earlier moment of itself.
var errWentBack = errors.New("the machine has gone back to an earlier moment, in which this was not asked")

// bring starts a machine from a checkpoint and greets it so that what runs in
// it runs on. It keeps its events back until it is given a log.
func (t *target) bring(ctx context.Context, cp *checkpoint, o vmOptions) (*vm, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, restoreLimit, fmt.Errorf("it did not answer within %s", restoreLimit))
	defer cancel()
	o.incoming = true
	v, err := startVM(ctx, t.made.cache, t.made.qemu, t.made.machine, o, nil)
	if err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, err
	}
	v.console.set(cp.console)
	v.mu.Lock()
	v.lasting = true
	v.mu.Unlock()
	if cp.kept != "" {
		err = v.load(ctx, cp.kept)
	} else {
		err = t.past.pool.load(ctx, v, cp.image)
	}
	if err == nil {
		err = v.greet(ctx, true, wire.Hello{Keep: true, Seq: cp.theirs})
	}
	if err == nil {
		return v, nil
	}
	switch dead := v.Err(); {
	case ctx.Err() != nil:
		err = context.Cause(ctx)
	case dead != nil && !isDamaged(err):
		err = dead // says more
	}
	v.close()
	return nil, err
}

// replace puts an earlier moment of the machine in its place. When that fails
// the machine stays, and runs on.
func (t *target) replace(ctx context.Context, cp *checkpoint) error {
	t.mu.Lock()
	old, moved := t.vm, make(chan struct{})
	t.moving = moved
	t.mu.Unlock()
	defer func() {
		t.mu.Lock()
		t.moving = nil
		t.mu.Unlock()
		close(moved)
	}()
	still := old.Err() == nil && old.pulse.stand(ctx) == nil
	o := t.made.options
	o.successor = true
	v, err := t.bring(ctx, cp, o)
	if err != nil {
		if still {
			on, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
			defer cancel()
			old.pulse.leave(on) // what fails here, the next call tells
		}
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.life.Err() != nil {
		v.close()
		return kernel.ErrClosed
	}
	old.giveWay(v, "the machine went back to "+cp.String())
	shared := t.story.common(cp.story)
	t.events.Rewrite(shared.last(), cp.story.since(shared))
	t.story = cp.story
	t.log.become(cp.printed)
	v.client.show(t.events)
	t.vm = v
	t.leaving.Go(func() { _ = old.guard.stop() }) // what is left the next kmodsh removes
	return nil
}

// giveWay ends the machine, unless it has ended, for one that goes on with its
// console. Its QEMU is still to be stopped.
func (v *vm) giveWay(next *vm, note string) {
	v.mu.Lock()
	if v.err != nil {
		v.mu.Unlock()
		next.ownConsole(note)
		return
	}
	v.err, v.lasting = errWentBack, true
	close(v.dead)
	handed := v.file
	v.file = nil
	v.mu.Unlock()
	next.setFile(handed)
	v.client.fail(errWentBack)
	file, written, lost := v.console.let()
	if v.keep != "" && lost == nil {
		// It is in the run directory, which goes.
		lost = os.Rename(v.path, next.path)
	}
	next.console.use(file, written, lost, note)
}

// ownConsole gives a machine that follows on a dead one a console file: that
// one's was closed, and kept for whoever wants to know why it died.
func (v *vm) ownConsole(note string) {
	flags := os.O_WRONLY | os.O_CREATE | os.O_APPEND
	f, err := os.OpenFile(v.path, flags, 0o600)
	if err != nil {
		v.console.use(io.Discard, 0, err, note)
		return
	}
	v.setFile(f)
	v.console.use(f, 0, nil, note)
}

// setFile makes f the file that is closed when the machine ends.
func (v *vm) setFile(f *os.File) {
	v.mu.Lock()
	v.file = f
	v.mu.Unlock()
}
