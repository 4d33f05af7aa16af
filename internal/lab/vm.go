package lab

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// vm is one QEMU with a guest in it: started, greeted, watched, ended.
type vm struct {
	name    string // of the target
	keep    string // where the console file goes when the guest dies, "" for nowhere
	limits  patience
	guard   *guard
	qmp     *qmp
	console *console
	file    *os.File // the console's, nil while the machine it takes over from has it
	path    string   // of file
	client  *client
	pulse   *pulse
	welcome wire.Welcome

	// shutdown is QEMU's reason for ending, as its SHUTDOWN event gave it.
	shutdown chan string

	mu      sync.Mutex
	err     error         // why it is over
	dead    chan struct{} // closed when err is set
	greeted bool
	stuck   bool // it neither started nor died
	lasting bool // its log goes on after its end: its target can go back
}

// startVM starts QEMU for m. With incoming it waits for a saved machine, which
// load then brings. It returns once QEMU answers; the guest has only begun to
// start. ctx ends the waiting, not the machine.
func startVM(ctx context.Context, c *Cache, q qemu, m machine, o vmOptions, log *trace.Log) (*vm, error) {
	args := m.args()
	if o.incoming {
		args = append(args, "-incoming", "defer")
	}
	return startQEMU(ctx, c, q, args, o, log)
}

// startQEMU starts QEMU with the given arguments and the lines that a vm needs.
func startQEMU(ctx context.Context, c *Cache, q qemu, args []string, o vmOptions, log *trace.Log) (*vm, error) {
	// The name is no other's, ever: the directory goes when its warden says.
	dir, err := c.TempDir("vm-" + rand.Text()[:12])
	if err != nil {
		return nil, err
	}
	v := &vm{name: o.name, limits: o.limits, shutdown: make(chan string, 1), dead: make(chan struct{})}
	v.path = o.console
	if v.path == "" {
		v.path = filepath.Join(dir.Path, consoleName)
		v.keep = filepath.Join(c.VMs(), "console-"+o.kernel+".log")
	}
	if err = os.Chmod(dir.Path, 0o700); err == nil && !o.successor {
		v.file, err = createConsole(v.path)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	if v.console = newConsole(nil); v.file != nil {
		v.console = newConsole(v.file) // not a nil in an interface
	}
	if v.guard, err = startGuard(dir, q.path, append(args, lineArgs()...)); err != nil {
		v.file.Close()
		dir.Close()
		return nil, err
	}
	go v.console.follow(v.guard.console)
	v.client = newClient(v.guard.link, log)
	v.pulse = &pulse{stop: v.stop, cont: v.cont, stands: o.incoming}
	go v.watchEnd()
	greet, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-v.guard.ended:
			cancel() // or a QEMU that cannot start is waited for
		case <-greet.Done():
		}
	}()
	if v.qmp, err = dialQMP(greet, v.guard.qmp, v.event); err != nil {
		err = v.startError(ctx, err)
		v.close()
		return nil, err
	}
	go v.watchHang()
	return v, nil
}

const consoleName = "console.log"

// vmOptions are what a vm needs to know besides the machine.
type vmOptions struct {
	name     string
	kernel   string // release, for the name of a file
	console  string // file to keep, "" for one that goes with the machine
	incoming bool
	// successor: it will take the place of another machine, whose log and
	// console it goes on with. Until then it keeps back what it has to say.
	successor bool
	limits    patience
}

// startError says why a machine did not come up: its own reason, unless the
// person gave up waiting.
func (v *vm) startError(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	select {
	case <-v.dead:
		return v.Err()
	case <-time.After(time.Second):
		return fmt.Errorf("starting QEMU: %w", err)
	}
}

// greet waits until the agent serves and opens a session with it, of the kind
// that hello says.
func (v *vm) greet(ctx context.Context, now bool, hello wire.Hello) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		select {
		case <-v.dead:
			cancel(v.Err())
		case <-ctx.Done():
		}
	}()
	if err := v.pulse.begin(ctx); err != nil {
		return err
	}
	defer v.pulse.end()
	again := 4 * time.Second
	if now {
		again = time.Second
	}
	w, err := v.client.greet(ctx, v.name, hello, now, again, 2*again)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return err
	}
	v.mu.Lock()
	v.welcome, v.greeted = w, true
	v.mu.Unlock()
	return nil
}

// event hears of what happens to QEMU.
func (v *vm) event(name string, data json.RawMessage) {
	if name != "SHUTDOWN" {
		return
	}
	var d struct {
		Reason string `json:"reason"`
	}
	if json.Unmarshal(data, &d) == nil {
		select {
		case v.shutdown <- d.Reason:
		default:
		}
	}
}

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

// call asks the agent, and lets the machine run until it has answered.
func (v *vm) call(ctx context.Context, op wire.Op, args, result any) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := v.pulse.begin(ctx); err != nil {
		if dead := v.Err(); dead != nil {
			return dead
		}
		return fmt.Errorf("%s: letting the machine run: %w", v.name, err)
	}
	defer v.pulse.end()
	return v.client.call(ctx, v.name, op, args, result)
}

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
