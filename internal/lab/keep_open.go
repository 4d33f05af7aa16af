package lab

import (
	"context"
	"fmt"
	"path/filepath"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// OpenKept starts a virtual machine at the moment that was kept under a name, of
// a machine whose name began with spec. Its threads stand where they stood, and
// its position there is 0: what came before can be seen in its events, and not
// gone back to. Errors are those of Open.
func OpenKept(ctx context.Context, spec, name string, o Options) (kernel.Target, error) {
	t, err := openKept(ctx, spec, name, o)
	if err != nil {
		return nil, err
	}
	return t, nil
}

func openKept(ctx context.Context, spec, name string, o Options) (_ *target, err error) {
	if err := o.validate(); err != nil {
		return nil, err
	}
	t := newTarget("vm:"+spec+"@"+name, newPast(newPool(o.CheckpointSpace)))
	c, err := o.cache()
	if err != nil {
		return nil, t.labFailed("opening the cache", err)
	}
	k, err := c.findKept(spec, name)
	if err != nil {
		return nil, err
	}
	q, err := findQEMU()
	if err != nil {
		return nil, t.labFailed("QEMU", err)
	}
	if q.id != k.QEMU {
		return nil, t.labFailed("opening "+t.name, fmt.Errorf("it was kept with another QEMU than %s, which reads only machines of its own", q.path))
	}
	dir := c.keptPath(spec, name)
	saved := filepath.Join(dir, keptMachine)
	if _, err := checkSeal(saved, true); err != nil {
		return nil, t.labFailed("opening "+t.name, err)
	}
	m := machine{accel: k.Accel.Name, image: filepath.Join(dir, keptImage), initrd: filepath.Join(dir, keptInitrd), memory: k.Memory, cpus: k.CPUs, more: k.More}
	if k.Boot.Disk != "" {
		m.disk = filepath.Join(dir, keptDisk)
	}
	t.boot, t.accel, t.resumed, t.savedAs = k.Boot, k.Accel, true, saved
	t.made = making{c, q, m, vmOptions{name: t.name, kernel: k.Boot.Kernel.Release, console: o.Console, limits: *o.limits}}
	o.Progress.step("resume", 0, 0, name)
	t.events = trace.NewLog(eventsKept)
	t.events.Rewrite(0, k.Events)
	cp := &checkpoint{theirs: k.Theirs, kept: saved}
	if t.vm, err = t.bring(ctx, cp, t.made.options); err != nil {
		return nil, t.labFailed("opening "+t.name, err)
	}
	t.vm.client.show(t.events)
	close(t.settled)
	t.debug.faults, t.debug.serial = k.Faults, k.Serial
	t.debug.touched.Store(true)
	done, err := t.begin(ctx) // makes position 0
	if err == nil {
		err = t.refresh(ctx)
		done()
	}
	if err != nil {
		t.Close()
		return nil, err
	}
	return t, nil
}
