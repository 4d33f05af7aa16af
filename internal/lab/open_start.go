package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// start resumes the machine or boots it.
func (t *target) start(ctx context.Context, c *Cache, q qemu, m machine, o Options) (err error) {
	key := m.key(t.boot.Fingerprint, q)
	vo := vmOptions{name: t.name, kernel: t.boot.Kernel.Release, console: o.Console, limits: *o.limits}
	saved := c.savedPath(key)
	t.savedAs = saved
	stepped := c.savedPath(m.steppedKey(key))
	if o.Stepped && !o.NoSnapshot && c.use(stepped) {
		err := t.resume(ctx, c, q, m, vo, stepped, o.Progress)
		if err == nil || ctx.Err() != nil {
			close(t.settled)
			return err
		}
		os.Remove(stepped) // the one without the driver may be sound
	}
	if o.Stepped && !o.NoSnapshot {
		defer func() {
			if err == nil {
				t.saveStepped(ctx, c, m.steppedKey(key))
			}
		}()
	}
	if !o.NoSnapshot && c.use(saved) {
		err := t.resume(ctx, c, q, m, vo, saved, o.Progress)
		if err == nil || ctx.Err() != nil {
			close(t.settled)
			return err
		}
		os.Remove(saved)
		t.unsaved = "the saved machine did not come back and was removed: " + firstLine([]byte(err.Error()))
		o.Progress.step("boot", 0, 0, t.unsaved)
	}
	err = t.bootVM(ctx, c, q, m, vo, o.Progress)
	if err != nil && ctx.Err() == nil && m.accel == AccelTCG && t.stuck {
		// On a busy machine an emulated processor misses its timer now and
		// then while the kernel starts, and stands still from then on.
		t.again = "the first start hung and was given up: " + firstLine([]byte(err.Error()))
		o.Progress.step("boot", 0, 0, t.again)
		err = t.bootVM(ctx, c, q, m, vo, o.Progress)
	}
	if err != nil && ctx.Err() == nil && m.accel != AccelTCG && notItsFault(err) {
		// The probe was content and a whole kernel is not.
		t.accel = Accel{Name: AccelTCG, Why: fmt.Sprintf("%s does not work here: %s", m.accel, firstLine([]byte(err.Error())))}
		c.keepAccel(q, m.accel, t.accel)
		o.Progress.step("boot", 0, 0, t.accel.String())
		m.accel = AccelTCG
		if o.CPUs == 0 {
			m.cpus = m.accel.cpus()
		}
		key = m.key(t.boot.Fingerprint, q)
		t.savedAs = c.savedPath(key)
		err = t.bootVM(ctx, c, q, m, vo, o.Progress)
	}
	if err != nil {
		return err
	}
	if o.NoSnapshot {
		key = ""
	}
	go t.settle(c, key)
	return nil
}

// saveStepped loads the test driver and saves the machine with it, for the next
// one whose threads are to be stepped. What fails here the next call tells, or
// costs time only.
func (t *target) saveStepped(ctx context.Context, c *Cache, key string) {
	var dr wire.Driver
	if len(t.config) > 0 || t.call(ctx, wire.OpDriver, nil, &dr) != nil || !dr.Loaded {
		return
	}
	_, _ = t.vm.save(ctx, c, key)
}

// notItsFault says whether a start may have failed for the accelerator: QEMU
// gave up, or the guest was silent, but it did not panic.
func notItsFault(err error) bool {
	var dead *kernel.DeadError
	return errors.As(err, &dead) && (dead.Blame == kernel.BlameLab || len(dead.Console) == 0)
}

// resume brings a saved machine back.
func (t *target) resume(ctx context.Context, c *Cache, q qemu, m machine, vo vmOptions, saved string, p Progress) error {
	p.step("resume", 0, 0, t.boot.Kernel.Release)
	limited, cancel := context.WithTimeoutCause(ctx, vo.limits.load, fmt.Errorf("it did not answer within %s", vo.limits.load))
	defer cancel()
	vo.incoming = true
	began := time.Now()
	log := trace.NewLog(eventsKept)
	sound := make(chan error, 1)
	go func() { // takes as long as QEMU needs to start
		_, err := checkSeal(saved, true)
		sound <- err
	}()
	v, err := startVM(limited, c, q, m, vo, log)
	if err == nil {
		t.split.qemu, began = time.Since(began), time.Now()
		if err = <-sound; err == nil {
			err = v.load(limited, saved)
		}
		if err == nil {
			t.split.restore, began = time.Since(began), time.Now()
			err = v.greet(limited, true, wire.Hello{})
		}
		if err != nil && v.Err() != nil && !isDamaged(err) {
			err = v.Err() // says more
		}
		if err == nil {
			// Nothing has changed in the machine yet: what it needs of this
			// person's comes now.
			err = t.configure(limited, v)
		}
		if err != nil {
			v.close()
		}
	}
	if err != nil {
		if ctx.Err() == nil && limited.Err() != nil {
			return context.Cause(limited)
		}
		return err
	}
	t.split.agent = time.Since(began)
	t.vm, t.events, t.resumed = v, log, true
	t.made = making{c, q, m, vo}
	return nil
}

// bootVM boots a machine.
func (t *target) bootVM(ctx context.Context, c *Cache, q qemu, m machine, vo vmOptions, p Progress) error {
	p.step("boot", 0, 0, t.boot.Kernel.Release)
	began := time.Now()
	log := trace.NewLog(eventsKept)
	v, err := startVM(ctx, c, q, m, vo, log)
	if err != nil {
		if ctx.Err() != nil || isDead(err) {
			return err
		}
		return t.labFailed("starting QEMU", err)
	}
	t.split.qemu, began = time.Since(began), time.Now()
	if err := v.greet(ctx, false, wire.Hello{}); err != nil {
		if v.Err() != nil {
			err = v.Err()
		}
		v.close()
		v.mu.Lock()
		t.stuck = v.stuck
		v.mu.Unlock()
		if ctx.Err() != nil || isDead(err) {
			return err
		}
		return t.labFailed("greeting the agent", err)
	}
	up := time.Since(began)
	t.split.agent = agentTime(v.welcome.Boot, up)
	t.split.kernel = up - t.split.agent
	t.vm, t.events = v, log
	t.made = making{c, q, m, vo}
	return nil
}

// isDead says whether err tells whose fault it was already.
func isDead(err error) bool {
	var dead *kernel.DeadError
	return errors.As(err, &dead)
}

// settle saves the machine that has just booted, before anything changes in
// it, and gives it the person's configuration. Calls wait for it.
func (t *target) settle(c *Cache, key string) {
	defer close(t.settled)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go func() {
		select {
		case <-t.vm.dead:
			cancel()
		case <-ctx.Done():
		}
	}()
	if key != "" {
		began := time.Now()
		size, err := t.vm.save(ctx, c, key)
		t.mu.Lock()
		if err != nil {
			t.unsaved = err.Error()
		} else {
			t.saved = fmt.Sprintf("saved in %s, %d MB: the next start resumes it", round(time.Since(began)), size>>20)
		}
		t.mu.Unlock()
	}
	if err := t.configure(ctx, t.vm); err != nil {
		t.vm.die(kernel.BlameLab, "giving the guest its configuration", err)
	}
}
