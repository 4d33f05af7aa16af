package ops_test

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/sim"
)

// machineLike is a simulated kernel with the manners of a machine that tells what
// was done to it: a position for each action, whatever the model takes for it.
type machineLike struct {
	*coarse
	done []kernel.Action
	at   []int // the model's position by ours
	pos  int
	// A thread with the parameter dies=1 takes the kernel with it behind L17.
	mortal map[string]bool
	fatal  *kernel.Action
	looks  int // how often all there is was asked for
}

// Err implements kernel.Target.
func (m *machineLike) Err() error {
	if m.fatal != nil {
		return &kernel.DeadError{Target: m.Name(), Blame: kernel.BlameKernel, What: "kernel panic: as it was asked to 7 (whole console: /tmp/x)"}
	}
	return m.coarse.Err()
}

// Died implements kernel.Repeater.
func (m *machineLike) Died() (*kernel.Action, error) { return m.fatal, m.Err() }

func newMachineLike(version string) (*machineLike, error) {
	t, err := sim.Open("v" + version)
	if err != nil {
		return nil, err
	}
	return &machineLike{coarse: &coarse{Debugger: t, version: version}, at: []int{0}, mortal: map[string]bool{}}, nil
}

// withMachines is a session whose targets vm:VERSION are such kernels.
func withMachines() *ops.Session {
	s := ops.New()
	s.OpenTarget = func(_ context.Context, name string, _ ops.Progress) (kernel.Target, error) {
		if version, ok := strings.CutPrefix(name, "vm:"); ok {
			return newMachineLike(version)
		}
		return sim.Open(strings.TrimPrefix(strings.TrimPrefix(name, "sim"), ":"))
	}
	return s
}

func (m *machineLike) Name() string { return "vm:" + m.version }

func (m *machineLike) note(a kernel.Action) {
	a.Events = m.Events().Last()
	now, _ := m.coarse.Pos()
	m.done, m.at = append(m.done[:m.pos], a), append(m.at[:m.pos+1], now)
	m.pos++
}

func (m *machineLike) History() ([]kernel.Action, error) { return slices.Clone(m.done[:m.pos]), nil }

func (m *machineLike) Again(ctx context.Context, a kernel.Action) error {
	switch a.Do {
	case kernel.ActStep:
		_, err := m.Step(ctx, a.Thread)
		return err
	case kernel.ActAll:
		_, err := m.Run(ctx, kernel.RunOptions{AtOnce: true})
		return err
	}
	return errors.New("the test has no machine that does this: " + a.String())
}

func (m *machineLike) Spawn(ctx context.Context, id string, task kernel.Task) error {
	err := m.coarse.Spawn(ctx, id, task)
	m.mortal[id] = slices.Contains(task.Params, "dies=1")
	if err == nil {
		m.note(kernel.Action{Do: kernel.ActSpawn, Thread: id, Task: &task})
	}
	return err
}

func (m *machineLike) Step(ctx context.Context, id string) (kernel.Stop, error) {
	if snap, err := m.coarse.Snapshot(ctx); err == nil && m.mortal[id] && snap.Thread(id).At == "L17" {
		m.fatal = &kernel.Action{Do: kernel.ActStep, Thread: id}
		return kernel.Stop{}, m.Err()
	}
	stop, err := m.coarse.Step(ctx, id)
	if err == nil {
		m.note(kernel.Action{Do: kernel.ActStep, Thread: id})
		stop.Pos = m.pos
	}
	return stop, err
}

func (m *machineLike) Run(ctx context.Context, o kernel.RunOptions) (kernel.Stop, error) {
	if o.AtOnce {
		stop, err := m.coarse.Debugger.Run(ctx, kernel.RunOptions{})
		m.note(kernel.Action{Do: kernel.ActAll})
		return stop, err
	}
	stop := kernel.Stop{Reason: kernel.StopAllDone, Pos: m.pos}
	for {
		snap, err := m.coarse.Snapshot(ctx)
		if err != nil {
			return stop, err
		}
		i := slices.IndexFunc(snap.Threads, func(t kernel.ThreadState) bool { return t.Status == "ready" })
		if first := snap.Thread(o.First); first != nil && first.Status == "ready" {
			i = slices.IndexFunc(snap.Threads, func(t kernel.ThreadState) bool { return t.ID == o.First })
		}
		if i < 0 {
			return stop, nil
		}
		if stop, err = m.Step(ctx, snap.Threads[i].ID); err != nil || stop.Reason == kernel.StopHeld {
			return stop, err
		}
		if o.Stop != nil && o.Stop(stop, func() *kernel.Snapshot { s, _ := m.Snapshot(ctx); return s }) {
			return stop, nil
		}
	}
}

func (m *machineLike) Release(ctx context.Context, id string) error {
	err := m.coarse.Release(ctx, id)
	if err == nil {
		m.note(kernel.Action{Do: kernel.ActRelease, Thread: id})
	}
	return err
}

func (m *machineLike) AddFault(ctx context.Context, f kernel.Fault) (int, error) {
	n, err := m.coarse.AddFault(ctx, f)
	if f.Number = n; err == nil {
		m.note(kernel.Action{Do: kernel.ActFault, Fault: &f})
	}
	return n, err
}

func (m *machineLike) RemoveFault(ctx context.Context, n int) error {
	err := m.coarse.RemoveFault(ctx, n)
	if err == nil {
		m.note(kernel.Action{Do: kernel.ActUnfault, N: n})
	}
	return err
}

func (m *machineLike) Set(ctx context.Context, setting string) error {
	err := m.coarse.Set(ctx, setting)
	if err == nil {
		m.note(kernel.Action{Do: kernel.ActSet, Value: setting})
	}
	return err
}

func (m *machineLike) Pos() (pos, end int) { return m.pos, len(m.done) }

func (m *machineLike) Goto(ctx context.Context, pos int) error {
	if pos < 0 || pos > len(m.done) {
		return errors.New("no such position")
	}
	err := m.coarse.Goto(ctx, m.at[pos])
	if err == nil {
		m.pos = pos
	}
	return err
}

func (m *machineLike) Fork(context.Context) (kernel.Debugger, error) {
	return nil, errors.New("the test has no machine that forks")
}

func (m *machineLike) Snapshot(ctx context.Context) (*kernel.Snapshot, error) {
	if m.fatal != nil {
		return nil, m.Err()
	}
	m.looks++
	snap, err := m.coarse.Snapshot(ctx)
	if err == nil {
		snap.Pos, snap.End, snap.Target = m.pos, len(m.done), m.Name()
	}
	return snap, err
}
