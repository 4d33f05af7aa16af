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
