package tui

import (
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// debugLook is all there is to see of a debuggable target at one position, in
// one piece: table, threads and events of different moments are never mixed.
type debugLook struct {
	epoch int
	snap  *kernel.Snapshot
	moved string // thread that moved last
	cuts  uint64 // times the target's events had been cut before
	err   error
	down  error
}

// changedMsg says that a debuggable target has new events, or fewer.
type changedMsg struct {
	epoch  int
	last   uint64
	cuts   uint64
	closed bool
}

// debugger returns the target as one whose threads can be stepped, nil when it
// is none, or its debugging has not begun.
func (f *feed) debugger() kernel.Debugger {
	if f == nil {
		return nil
	}
	d, ok := f.target.(kernel.Debugger)
	if !ok || d.Can(kernel.OpDebug) != nil && d.Can(kernel.OpLook) != nil {
		return nil
	}
	if u, ok := d.(kernel.Untouched); ok && u.Untouched() {
		return nil
	}
	return d
}

// look takes a snapshot; moved names the thread that moved last.
func (f *feed) look(d kernel.Debugger, moved func() string) debugLook {
	for range 3 {
		cuts := d.Events().Cuts()
		snap, err := d.Snapshot(f.ctx)
		if err != nil || d.Events().Cuts() == cuts {
			return debugLook{epoch: f.epoch, snap: snap, moved: moved(), cuts: cuts, err: err, down: d.Err()}
		}
	}
	// It goes back all the time: what is shown is the last answer, and every
	// cut asks again.
	snap, err := d.Snapshot(f.ctx)
	return debugLook{epoch: f.epoch, snap: snap, moved: moved(), err: err, down: d.Err()}
}

// changes waits until the events are not those up to last any more.
func (f *feed) changes(last, cuts uint64) tea.Cmd {
	ctx, epoch, log := f.ctx, f.epoch, f.target.Events()
	return safe(func() tea.Msg {
		if !sleep(ctx, frame) {
			return nil
		}
		for {
			changed := log.Changed()
			if n, c := log.Last(), log.Cuts(); n != last || c != cuts {
				return changedMsg{epoch: epoch, last: n, cuts: c}
			}
			if log.Closed() {
				return changedMsg{epoch: epoch, closed: true}
			}
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
			}
		}
	})
}

// gotChanged asks for the snapshot that the events belong to.
func (m *Model) gotChanged(msg changedMsg) tea.Cmd {
	if !m.current(msg.epoch) {
		return nil
	}
	if msg.closed {
		return m.refresh()
	}
	return tea.Batch(m.refresh(), m.feed.changes(msg.last, msg.cuts))
}

// gotLook shows a snapshot of a debuggable target.
func (m *Model) gotLook(msg debugLook) {
	switch {
	case !m.current(msg.epoch):
	case msg.down != nil:
		m.died(msg.down)
	case msg.err != nil:
		m.snap.Problem = msg.err
	default:
		again := msg.cuts != m.feed.cuts
		m.feed.cuts = msg.cuts
		m.show(m.snap.WithDebug(msg.snap, msg.moved, again))
	}
}

// WithDebug makes a debuggable target's snapshot the one on the screen: the
// true states of its modules, its threads, and its events. again says that the
// target has gone back since the receiver was made, so that no event of it may
// be kept.
func (s Snapshot) WithDebug(d *kernel.Snapshot, moved string, again bool) Snapshot {
	s.Debug, s.Moved = d, moved
	rows := make([]Row, 0, len(d.Modules))
	listed := make(map[string]kernel.Module, len(d.Listed))
	for _, m := range d.Listed {
		listed[m.Name] = m
	}
	for _, m := range d.Modules {
		r := Row{Module: kernel.Module{Name: m.Name, Refs: m.Refs, Users: m.Users, Taints: m.Taints}, Sysfs: sysfsStage(&m)}
		if l, ok := listed[m.Name]; ok {
			r.Module, r.Listed = l, true
		}
		r.State = m.State
		old, ok := s.Find(m.Name)
		switch {
		case ok && old.State == r.State:
			r.Changed = old.Changed
		case ok || s.Listed:
			s.Changes++
			r.Changed = s.Changes
		}
		rows = append(rows, r)
	}
	slices.SortFunc(rows, func(a, b Row) int { return strings.Compare(a.Name, b.Name) })
	s.Modules, s.Listed, s.Problem = rows, true, nil

	seq := uint64(len(d.Events))
	if seq > 0 {
		seq = d.Events[seq-1].Seq
	}
	events := d.Events
	if again || seq < s.Seq {
		s.Events = Tail{}
	} else {
		from, _ := slices.BinarySearchFunc(events, s.Seq+1, func(e trace.Event, seq uint64) int {
			return int(int64(e.Seq) - int64(seq))
		})
		events = events[from:]
	}
	s.Events, s.Seq = s.Events.Append(events), seq
	return s
}

// sysfsStage says how much of a module sysfs shows: nothing, its directory
// alone, or initstate too.
func sysfsStage(m *kernel.ModuleState) string {
	switch {
	case m.Initstate != "":
		return "initstate"
	case m.Dir:
		return "dir only"
	}
	return "nothing"
}

// takeLook is the snapshot that goes with a verb's answer, nil when the target
// cannot be stepped.
func (f *feed) takeLook(moved func() string) *debugLook {
	d := f.debugger()
	if d == nil {
		return nil
	}
	l := f.look(d, moved)
	return &l
}
