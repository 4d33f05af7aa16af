package lab

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/kernel"
)

var _ kernel.Debugger = (*target)(nil)

// debugging is the host's side of debugging a machine: what was done to it, one
// action for each position, and what the guest said last of its threads. The
// threads themselves live in the guest, and come back with it.
type debugging struct {
	mu      sync.Mutex  // held by whoever changes the machine
	touched atomic.Bool // an action was done
	before  atomic.Bool // modules were loaded or unloaded before there were positions
	began   bool
	onward  bool     // nobody goes back
	sparing bool     // only what is pinned is kept
	actions []action // beyond pos lies what was gone back over
	moves   []kernel.Move
	pos     int
	faults  int    // number of the last fault
	serial  int    // of threads that verbs make
	last    string // thread that moved last

	threads []wire.Thread // in the order they were made
	version uint64
	now     int64
	seq     uint64
	builtin func(name string) bool
	view    view
	// wanted: since the last action somebody wanted a snapshot, so that one is
	// asked for along with the next. seen is the one that came last, nil when
	// something was done since.
	wanted bool
	seen   *wire.Snapshot
	// aside counts what is done to the guest in no action; seenAside is its
	// value at seen.
	aside     atomic.Int64
	seenAside int64
	// asked is what came of the last request, refused its error.
	asked   kernel.RequestResult
	refused error
	// fatal is the action of which the kernel died, at position fatalAt, and how.
	fatal    action
	fatalAt  int
	fatalErr error
}

// action is one thing done to the machine, as data, so that it can be done
// again where no checkpoint is left.
type action struct {
	op     wire.Op
	thread string
	task   kernel.Task
	free   bool
	limit  int64 // nanoseconds, of await and free
	text   string
	fault  kernel.Fault
	events uint64 // number of the last event when it was done
}

// Tasks implements kernel.Debugger.
func (t *target) Tasks() []kernel.Fact {
	var list []kernel.Fact
	for _, v := range wire.Tasks() {
		list = append(list, kernel.Fact{Name: v.Name, Value: v.Says})
	}
	return list
}

// Untouched implements kernel.Untouched.
func (t *target) Untouched() bool { return !t.debug.touched.Load() }

// begin takes the machine for a change; the first one makes position 0.
func (t *target) begin(ctx context.Context) (done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	t.debug.mu.Lock()
	if !t.debug.began {
		var dr wire.Driver
		if err := t.call(ctx, wire.OpDriver, nil, &dr); err != nil {
			t.debug.mu.Unlock()
			return nil, err
		}
		if err := t.keep(ctx); err != nil {
			t.debug.mu.Unlock()
			return nil, err
		}
		t.debug.began = true
	}
	return t.debug.mu.Unlock, nil
}

// do does one action and makes it history: what was gone back over is
// forgotten.
func (t *target) do(ctx context.Context, a action) (wire.Threads, error) {
	r, err := t.apply(ctx, a)
	if err != nil || r.Stuck != "" {
		return r, t.during(a, err)
	}
	d := &t.debug
	if d.pos < len(d.actions) {
		t.forget(d.pos + 1)
	}
	a.events = t.events.Last()
	d.actions = append(d.actions[:d.pos], a)
	d.pos++
	d.note(a, t.events)
	d.touched.Store(true)
	return r, nil
}

// during says of a kernel that went down with an action with which it did.
func (t *target) during(a action, err error) error {
	var dead *kernel.DeadError
	if !errors.As(err, &dead) || dead.Blame != kernel.BlameKernel {
		return err
	}
	t.debug.fatal, t.debug.fatalAt, t.debug.fatalErr = a, t.debug.pos, dead
	at := *dead // it is of the machine, and of others who ask it
	at.During = fmt.Sprintf("position %d", t.debug.pos+1)
	if th := t.debug.thread(a.thread); th != nil && th.At != "" {
		at.During += fmt.Sprintf(" (%s from %s)", a.thread, th.At)
	} else if a.thread != "" {
		at.During += fmt.Sprintf(" (%s from its beginning)", a.thread)
	}
	return &at
}

// apply does an action.
func (t *target) apply(ctx context.Context, a action) (_ wire.Threads, err error) {
	d := &t.debug
	tell, at := t.question()
	if !d.wanted {
		tell.Look = nil
	}
	d.seen = nil
	var s wire.Snapshot
	move := func(args any) error {
		d.wanted = false
		return t.call(ctx, a.op, args, &s)
	}
	switch a.op {
	case wire.OpSpawn:
		err = move(wire.Spawn{ID: a.thread, Task: a.task, Tell: tell})
	case wire.OpStep:
		err = move(wire.ThreadArgs{ID: a.thread, Free: a.free, Tell: tell})
	case wire.OpRelease:
		err = move(wire.ThreadArgs{ID: a.thread, Tell: tell})
	case wire.OpSignal:
		err = move(wire.Signal{ID: a.thread, Signal: a.text, Tell: tell})
	case wire.OpAwait:
		err = move(wire.Await{For: a.limit, Tell: tell})
	case wire.OpFree:
		err = move(wire.Free{Limit: a.limit, Tell: tell})
	case wire.OpFault:
		err = t.call(ctx, a.op, wire.FaultArgs{Fault: a.fault}, nil)
	case wire.OpUnfault:
		err = t.call(ctx, a.op, wire.Unfault{Number: a.fault.Number}, nil)
	case wire.OpSet:
		err = t.call(ctx, a.op, wire.Setting{Text: a.text}, nil)
	case wire.OpRequest:
		err = t.request(ctx, a.text)
	default:
		return wire.Threads{}, fmt.Errorf("no action %q", a.op)
	}
	if s.Now > 0 { // it answered; without threads its version is 0
		d.merge(s.Threads)
	}
	if s.Number > 0 && err == nil {
		err = t.saw(&s, at)
	}
	return s.Threads, t.blame(err)
}

// blame makes what the guest refused an error of the kind that it is: of the
// person's words where they were not understood.
func (t *target) blame(err error) error {
	var no *kernel.UnsupportedError
	if errors.As(err, &no) && no.Target == "" {
		no.Target = t.name
	}
	return err
}

// merge takes in what the guest says of its threads.
func (d *debugging) merge(r wire.Threads) {
	for _, t := range r.Threads {
		if i := slices.IndexFunc(d.threads, func(o wire.Thread) bool { return o.ID == t.ID }); i >= 0 {
			d.threads[i] = t
		} else {
			d.threads = append(d.threads, t)
		}
	}
	d.version, d.now, d.seq = r.Version, r.Now, r.Seq
}

// thread returns what is known of a thread, nil when there is none.
func (d *debugging) thread(id string) *wire.Thread {
	for i := range d.threads {
		if d.threads[i].ID == id {
			return &d.threads[i]
		}
	}
	return nil
}

// Spawn implements kernel.Debugger.
func (t *target) Spawn(ctx context.Context, id string, task kernel.Task) error {
	switch task.Verb {
	case "insmod", "init", "load", "request":
		if err := t.lacks(task.Name); err != nil {
			return err
		}
	}
	return t.act(ctx, action{op: wire.OpSpawn, thread: id, task: task})
}

// act does one action and keeps the position it leads to.
func (t *target) act(ctx context.Context, a action) error {
	done, err := t.begin(ctx)
	if err != nil {
		return err
	}
	defer done()
	if _, err := t.do(ctx, a); err != nil {
		return err
	}
	return t.keep(ctx)
}

// Release implements kernel.Debugger.
func (t *target) Release(ctx context.Context, id string) error {
	return t.act(ctx, action{op: wire.OpRelease, thread: id})
}

// Signal implements kernel.Debugger.
func (t *target) Signal(ctx context.Context, id, signal string) error {
	return t.act(ctx, action{op: wire.OpSignal, thread: id, text: signal})
}

// AddFault implements kernel.Debugger.
func (t *target) AddFault(ctx context.Context, f kernel.Fault) (int, error) {
	done, err := t.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer done()
	f.Number = t.debug.faults + 1
	if _, err := t.do(ctx, action{op: wire.OpFault, fault: f}); err != nil {
		return 0, err
	}
	t.debug.faults = f.Number
	return f.Number, t.keep(ctx)
}

// RemoveFault implements kernel.Debugger.
func (t *target) RemoveFault(ctx context.Context, number int) error {
	return t.act(ctx, action{op: wire.OpUnfault, fault: kernel.Fault{Number: number}})
}

// Set implements kernel.Debugger.
func (t *target) Set(ctx context.Context, setting string) error {
	return t.act(ctx, action{op: wire.OpSet, text: setting})
}

// Settings implements kernel.Debugger. A guest that does not answer has none.
func (t *target) Settings() []kernel.Setting {
	ctx, cancel := context.WithTimeout(context.Background(), settingsWait)
	defer cancel()
	var list []kernel.Setting
	if err := t.call(ctx, wire.OpSettings, nil, &list); err != nil {
		return nil
	}
	return list
}

// Outcome implements kernel.Debugger.
func (t *target) Outcome(ctx context.Context, id string) (kernel.Outcome, error) {
	var o wire.Outcome
	if err := t.call(ctx, wire.OpOutcome, wire.ThreadArgs{ID: id}, &o); err != nil {
		return kernel.Outcome{}, err
	}
	o.Outcome.Err = o.Error.Err(t.name)
	return o.Outcome, nil
}
