package agent

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

// struck counts what a rule did to a fault's hits.
func (d *driver) struck(e inject.Event) {
	if e.Rule == 0 {
		return
	}
	d.mu.Lock()
	f, ok := d.rules[e.Rule]
	if !ok {
		f, ok = d.left[e.Rule]
	}
	d.mu.Unlock()
	if ok {
		d.steps.hit(f.Number)
	}
}

// untie implements ties: the faults that hold and delay become rules, since the
// stepper does not hear of those threads at every point.
func (d *driver) untie(pids []int) error {
	d.steps.mu.Lock()
	faults := slices.Clone(d.steps.faults.list)
	d.steps.mu.Unlock()
	for _, f := range faults {
		if f.Fail == 0 && !isStage(f.Point) {
			if err := d.fault(f, true); err != nil {
				return err
			}
		}
	}
	for _, pid := range pids {
		if err := d.send(inject.Untrace{PID: pid}); err != nil && !errors.Is(err, syscall.ENOENT) && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// retie implements ties.
func (d *driver) retie(pids []int) error {
	d.unfault(func(f kernel.Fault) bool { return f.Fail == 0 })
	for _, pid := range pids {
		if err := d.follow(pid); err != nil && !errors.Is(err, syscall.ESRCH) {
			return err
		}
	}
	return nil
}

// fault makes rules of a fault: what the driver alone can do is to fail. A hold
// and a delay are the stepper's for threads that stop at points; with all they
// are rules, too, for those that do not.
func (d *driver) fault(f kernel.Fault, all bool) error {
	r := inject.Rule{Point: f.Point, Module: f.Module, Hit: f.Hit}
	switch {
	case f.Fail != 0:
		r.Do, r.Errno = inject.DoFail, f.Fail
	case !all:
		return nil
	case f.Hold:
		r.Do = inject.DoHold
	case f.Delay > 0:
		r.Do, r.Delay = inject.DoDelay, max(time.Millisecond, f.Delay.Round(time.Millisecond))
	default:
		return nil
	}
	if f.Thread != "" {
		t, err := d.steps.thread(f.Thread)
		if err != nil || t.pid == 0 {
			return nil // it comes with the thread
		}
		r.PID = t.pid
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for r.N = 1; r.N <= inject.MaxRule; r.N++ {
		if _, taken := d.rules[r.N]; !taken {
			if err := d.send(r); err != nil {
				return err
			}
			d.rules[r.N] = f
			delete(d.left, r.N)
			return nil
		}
	}
	return fmt.Errorf("more than %d faults at points of the kernel", inject.MaxRule)
}

// unfault takes the rules of a fault away; those that fits says yes to.
func (d *driver) unfault(fits func(kernel.Fault) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for n, f := range d.rules {
		if fits(f) {
			d.send(inject.Unrule{N: n})
			delete(d.rules, n)
			d.left[n] = f
		}
	}
}

// named puts the rules of faults in force that are for a thread which has just
// been made.
func (d *driver) named(t *thread) error {
	d.steps.mu.Lock()
	var mine []kernel.Fault
	free := t.free
	for _, f := range d.steps.faults.list {
		if f.Thread == t.id && (f.Fail != 0 || free) && !isStage(f.Point) {
			mine = append(mine, f)
		}
	}
	d.steps.mu.Unlock()
	for _, f := range mine {
		d.mu.Lock()
		there := slices.ContainsFunc(slices.Collect(maps.Values(d.rules)), func(o kernel.Fault) bool { return o.Number == f.Number })
		d.mu.Unlock()
		if there {
			continue
		}
		if err := d.fault(f, free); err != nil {
			return err
		}
	}
	return nil
}
