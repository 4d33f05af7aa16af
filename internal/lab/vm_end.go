package lab

import (
	"os"
	"time"

	"example.org/kmodsh/internal/kernel"
)

// panicWait is how long QEMU may take to end after the guest's panic: the
// guest reboots at once, and QEMU ends with that.
const panicWait = 5 * time.Second

// watchEnd waits for QEMU's end, or the guest's, and finds out why.
func (v *vm) watchEnd() {
	select {
	case <-v.guard.ended:
	case <-v.dead:
		return
	case <-v.console.panicked:
		select {
		case <-v.guard.ended:
		case <-v.dead:
			return
		case <-time.After(panicWait):
		}
	}
	// The last words may still be on their way.
	select {
	case <-v.console.ended:
	case <-time.After(time.Second):
	}
	v.die(v.post())
}

// post finds out why QEMU ended: whose fault, and what happened.
func (v *vm) post() (kernel.Blame, string, error) {
	panicked, fatal, trouble := v.console.told()
	how, clean := v.guard.end()
	reason := ""
	if panicked == "" && fatal == "" {
		// QEMU says it before it ends, over another line than its end.
		select {
		case reason = <-v.shutdown:
		case <-time.After(200 * time.Millisecond):
		}
	}
	after := ""
	if len(trouble) > 0 {
		after = " after " + trouble[len(trouble)-1]
	}
	switch {
	case panicked != "":
		return kernel.BlameKernel, "kernel panic: " + panicked, nil
	case fatal != "":
		return kernel.BlameLab, "the agent in the guest gave up: " + fatal, nil
	case reason == "guest-reset":
		return kernel.BlameKernel, "the guest reset itself without a panic message" + after, nil
	case reason == "guest-shutdown" || reason == "guest-panic" || reason == "" && clean:
		return kernel.BlameKernel, "the guest switched itself off" + after, nil
	}
	return kernel.BlameLab, how, nil
}

// die ends the machine with a reason. The first reason counts.
func (v *vm) die(blame kernel.Blame, what string, cause error) {
	dead := &kernel.DeadError{Target: v.name, Blame: blame, What: what, Console: v.console.last(), Err: cause}
	v.end(func() error {
		if path, err := v.keepConsole(); err == nil && path != "" {
			dead.What += " (whole console: " + path + ")"
		}
		return dead
	})
}

// end sets the reason that why gives, unless there is one, and stops
// everything.
func (v *vm) end(why func() error) {
	v.mu.Lock()
	if v.err != nil {
		v.mu.Unlock()
		return
	}
	err := why()
	v.err = err
	lasting := v.lasting
	close(v.dead)
	v.mu.Unlock()
	v.pulse.close()
	if log := v.client.fail(err); log != nil && !lasting {
		log.Close()
	}
	// What cannot be removed now is removed by the next kmodsh.
	_ = v.guard.stop()
	v.mu.Lock()
	file := v.file
	v.mu.Unlock()
	file.Close()
}

// keepConsole saves the console of a guest that died from going with the run
// directory, and returns its new place, "" when nothing was printed.
func (v *vm) keepConsole() (string, error) {
	if v.console.seen() == 0 {
		return "", nil
	}
	if v.keep == "" {
		return v.path, nil
	}
	if err := os.Rename(v.path, v.keep); err != nil {
		return "", err
	}
	return v.keep, nil
}

// Err returns nil while the machine is up.
func (v *vm) Err() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.err
}

// close ends the machine because nobody wants it any more. Nothing is left
// when it returns.
func (v *vm) close() error {
	v.end(func() error { return kernel.ErrClosed })
	return v.guard.stop()
}
