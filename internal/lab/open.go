package lab

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// eventsKept is how many events a machine's log keeps.
const eventsKept = 1 << 16

// Open starts a virtual machine and returns it once its agent answers: from a
// saved one where there is one, else by booting, after which the machine is
// saved in the background for the next time. spec names the kernel as
// Cache.Find takes it, and is the name of the target after "vm:"; with
// Options.Kernel it is only that.
//
// The machine and everything that belongs to it are gone after Close, and also
// when this process ends in any other way. An error that wraps
// kernel.ErrNotFound says that the kernel is not there; a *kernel.DeadError
// tells whether the kernel or the lab failed.
func Open(ctx context.Context, spec string, o Options) (kernel.Target, error) {
	t, err := open(ctx, spec, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func open(ctx context.Context, spec string, o Options) (*target, error) {
	began := time.Now()
	if err := o.validate(); err != nil {
		return nil, err
	}
	config, err := readConfig(o.Config)
	if err != nil {
		return nil, err
	}
	t := newTarget("vm:"+spec, newPast(newPool(o.CheckpointSpace)))
	t.config = config
	if spec == "" {
		t.name += filepath.Base(o.Kernel)
	}
	for _, path := range o.Config {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, fmt.Errorf("configuration: %w", err)
		}
		t.configPaths = append(t.configPaths, abs)
	}
	c, err := o.cache()
	if err != nil {
		return nil, t.labFailed("opening the cache", err)
	}
	k, err := o.find(c, spec)
	if err != nil {
		return nil, err
	}
	if k.Source == SourcePath {
		if err := k.checkConfig(guestWants, "run as a guest"); err != nil {
			return nil, err
		}
	}
	q, err := findQEMU()
	if err != nil {
		return nil, t.labFailed("QEMU", err)
	}
	if t.boot, err = c.Prepare(ctx, k, o.Progress); err != nil {
		return nil, t.labFailed("making what the machine boots from", err)
	}
	image, err := c.bootImage(ctx, t.boot, o.Progress)
	if err != nil {
		return nil, t.labFailed("making what the machine boots from", err)
	}
	t.split.prepare = time.Since(began)
	began = time.Now()
	if t.accel, err = c.accel(ctx, q); err != nil {
		return nil, t.labFailed("looking for an accelerator", err)
	}
	t.split.probe = time.Since(began)
	m := machine{accel: t.accel.Name, image: image, initrd: t.boot.Initrd, disk: t.boot.Disk, memory: o.Memory, cpus: o.CPUs, more: o.more}
	if m.cpus == 0 {
		m.cpus = m.accel.cpus()
	}
	err = t.start(ctx, c, q, m, o)
	for _, part := range []struct{ step, what, path string }{{"initramfs", "the initramfs", m.initrd}, {"disk", "the disk image", m.disk}} {
		if err == nil || ctx.Err() != nil || part.path == "" {
			continue
		}
		// It may not be the kernel's fault.
		if _, derr := checkSeal(part.path, true); isDamaged(derr) {
			t.again = derr.Error() + "; it was made again"
			o.Progress.step(part.step, 0, 0, t.again)
			if err = c.remove(part.path); err == nil {
				t.boot, err = c.Prepare(ctx, k, o.Progress)
			}
			if err != nil {
				return nil, t.labFailed("making "+part.what+" again", err)
			}
			err = t.start(ctx, c, q, m, o)
		}
	}
	if err != nil {
		if ctx.Err() != nil {
			return nil, fmt.Errorf("starting %s: %w", t.name, err)
		}
		return nil, err
	}
	return t, nil
}

// find returns the kernel that was asked for.
func (o *Options) find(c *Cache, spec string) (Kernel, error) {
	if o.Kernel != "" {
		return KernelFromPath(o.Kernel, o.Modules)
	}
	return c.Find(spec)
}

// labFailed makes an error that says that the lab failed, unless somebody
// merely gave up waiting.
func (t *target) labFailed(what string, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("starting %s: %w", t.name, err)
	}
	return &kernel.DeadError{Target: t.name, Blame: kernel.BlameLab, What: what, Err: err}
}
