package lab

import (
	"fmt"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

// watchInterval is how often a machine is looked at.
const watchInterval = 500 * time.Millisecond

// watchHang ends a machine that does not answer any more.
func (v *vm) watchHang() {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var clock stopwatch
	var seen uint64
	var forget func()
	for {
		select {
		case <-v.dead:
			return
		case <-tick.C:
		}
		clock.tick(time.Now(), runDelays(v.guard.qemuPID()))
		v.mu.Lock()
		greeted := v.greeted
		v.mu.Unlock()
		now := v.client.bytes.Load()
		if !greeted {
			now += v.console.seen()
			if stall := v.console.stalled(); stall != "" {
				v.mu.Lock()
				v.stuck = true
				v.mu.Unlock()
				v.die(kernel.BlameKernel, "the guest did not start: "+stall, nil)
				return
			}
		}
		if now != seen || greeted && v.client.waiting() == 0 {
			seen = now
			clock.reset()
			if forget != nil {
				forget()
				forget = nil
			}
			continue
		}
		switch {
		case !greeted && clock.had > v.limits.start:
			v.mu.Lock()
			v.stuck = true
			v.mu.Unlock()
			v.die(v.silent("the guest did not start", clock.had))
			return
		case greeted && forget == nil && clock.had > v.limits.quiet:
			// What is asked may take long; this does not.
			var err error
			if _, _, forget, err = v.client.ask(wire.OpSync, nil); err != nil {
				return
			}
		case greeted && clock.had > v.limits.quiet+v.limits.hang:
			v.die(v.silent("the guest hangs", clock.had))
			return
		}
	}
}

// silent describes a guest that says nothing any more.
func (v *vm) silent(what string, had time.Duration) (kernel.Blame, string, error) {
	panicked, fatal, trouble := v.console.told()
	what = fmt.Sprintf("%s: no sign of life for %s in which it could run", what, had.Round(time.Second/10))
	switch {
	case panicked != "":
		what += ", after a kernel panic: " + panicked
	case fatal != "":
		return kernel.BlameLab, what + ", after the agent gave up: " + fatal, nil
	case len(trouble) > 0:
		what += ", after " + trouble[len(trouble)-1]
	}
	return kernel.BlameKernel, what, nil
}
