package ops

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// sweeper makes loads fail on one target.
type sweeper struct {
	d          kernel.Debugger
	accountant kernel.Accountant // nil: the target knows each allocation
	name       string
	task       kernel.Task
	repeat     int
	start      int  // position before all
	base       int  // position with the dependencies loaded
	spoilt     bool // what a phase left is in the way of the next one
	loads      int
	before     *kernel.Snapshot
	again      func() // positions are kept again
}

// begin loads what the module needs, so that only its own load can fail. It
// says whether the kernel's totals will be compared.
func (w *sweeper) begin(ctx context.Context, name string) (totals bool, err error) {
	if _, err := w.d.Load(ctx, kernel.LoadRequest{Name: name}); err != nil {
		return false, fmt.Errorf("%s does not load without a fault: %w", name, err)
	}
	if _, err := w.d.Unload(ctx, kernel.UnloadRequest{Name: name}); err != nil {
		return false, fmt.Errorf("taking %s out again, so that its load can fail: %w", name, err)
	}
	w.base, _ = w.d.Pos()
	w.before, err = w.d.Snapshot(ctx)
	// Nobody goes back but to here, and there only when something is in the way.
	if onward, ok := w.d.(kernel.Onward); ok && err == nil {
		w.again = onward.OnlyOnward()
	}
	return w.accountant != nil, err
}

// end is the end of the sweep, also of one that was cancelled: the target goes back
// to where it was, where somebody goes on with it.
func (w *sweeper) end(ctx context.Context, stays bool) error {
	if w.again != nil {
		w.again()
	}
	if !stays {
		return nil
	}
	return w.d.Goto(context.WithoutCancel(ctx), w.start)
}

// rewind returns to where nothing has failed yet. Where going back costs a machine, it
// is done only when what the last phase left is in the way.
func (w *sweeper) rewind(ctx context.Context) error {
	if w.again != nil && !w.spoilt {
		return nil
	}
	w.spoilt = false
	return w.d.Goto(ctx, w.base)
}

// phase makes the load fail at one point, and looks what stays.
func (w *sweeper) phase(ctx context.Context, p trace.Point, errno string) (SweepRow, error) {
	row := SweepRow{Point: p.ID, Name: p.Name, Errno: errno, Left: []string{}}
	if err := w.rewind(ctx); err != nil {
		return row, err
	}
	fault := kernel.Fault{Point: p.ID, Module: w.name, Fail: int(kernel.ErrnoByName(errno))}
	if p.ID == "L0" || p.ID == "L1" {
		fault.Module = "" // nobody knows there yet which module it is
	}
	number, err := w.d.AddFault(ctx, fault)
	var cannot *kernel.UnsupportedError
	var words *kernel.WordsError
	switch {
	case errors.As(err, &cannot):
		row.Cannot = cannot.Why
		return row, nil
	case errors.As(err, &words):
		row.Cannot = words.Msg
		return row, nil
	case err != nil:
		return row, err
	}
	if err := w.fail(ctx, &row, number); err != nil {
		return row, err
	}
	if len(row.Left) > 0 || row.Ret == 0 {
		w.spoilt = true
	}
	return row, w.d.RemoveFault(ctx, number)
}

// fail does the loads with the fault in force, and the accounts.
func (w *sweeper) fail(ctx context.Context, row *SweepRow, fault int) error {
	// The first failure may fill caches that are never emptied: what counts is
	// what each further one adds.
	if err := w.batch(ctx, row, 1); err != nil {
		return err
	}
	var grown []growth
	var err error
	switch {
	case !row.failed() || w.repeat < 2:
	case w.accountant == nil:
		err = w.batch(ctx, row, w.repeat-1)
	default:
		var first kernel.Account
		if first, err = w.accountant.Account(ctx); err == nil {
			grown, err = w.grow(ctx, row, first, nil)
		}
	}
	if err != nil {
		return err
	}
	if err := w.look(ctx, row, fault); err != nil {
		return err
	}
	for _, g := range grown {
		row.Left = append(row.Left, g.String())
	}
	return nil
}

// growth is a count that has grown with every load.
type growth struct {
	count kernel.Count
	by    int64
	loads int
	leak  string // or what kmemleak says
}

func (g growth) String() string {
	if g.leak != "" {
		return "kmemleak: " + g.leak
	}
	return fmt.Sprintf("%d %s of %s in %d loads", g.by, g.count.Unit, g.count.Name, g.loads)
}

// grow does a batch of loads and returns what has grown by at least one for
// each. What moves by itself may do that once: who is suspected has to do it
// again.
func (w *sweeper) grow(ctx context.Context, row *SweepRow, first kernel.Account, suspects []growth) ([]growth, error) {
	n := w.repeat - 1
	if err := w.batch(ctx, row, n); err != nil || !row.failed() {
		return nil, err
	}
	last, err := w.accountant.Account(ctx)
	if err != nil {
		return nil, err
	}
	var grown []growth
	for _, c := range last.Counts {
		i := slices.IndexFunc(first.Counts, func(old kernel.Count) bool { return old.Name == c.Name })
		if i < 0 {
			continue
		}
		was := slices.IndexFunc(suspects, func(g growth) bool { return g.count.Name == c.Name })
		if by := c.Value - first.Counts[i].Value; by >= int64(n) && by > c.Noise && (suspects == nil || was >= 0) {
			g := growth{count: c, by: by, loads: n}
			if was >= 0 {
				g.by, g.loads = g.by+suspects[was].by, n+suspects[was].loads
			}
			grown = append(grown, g)
		}
	}
	for _, k := range last.Kmemleak {
		if !slices.Contains(first.Kmemleak, k) {
			grown = append(grown, growth{leak: k})
		}
	}
	if suspects != nil || len(grown) == 0 {
		return grown, nil
	}
	return w.grow(ctx, row, last, grown)
}

// batch does the load n times, or until one does not fail.
func (w *sweeper) batch(ctx context.Context, row *SweepRow, n int) error {
	for range n {
		w.loads++
		if err := w.load(ctx, row, fmt.Sprintf("%s-%d", sweepThread, w.loads)); err != nil {
			return err
		}
		if !row.failed() {
			break
		}
	}
	return nil
}

// failed says that the loads come to an end, which is not success.
func (row *SweepRow) failed() bool { return row.Stuck == "" && row.Ret != 0 }

// load does the load once.
func (w *sweeper) load(ctx context.Context, row *SweepRow, id string) error {
	if err := w.d.Spawn(ctx, id, w.task); err != nil {
		return err
	}
	stop, err := w.d.Run(ctx, kernel.RunOptions{First: id, Until: id})
	var stuck *kernel.StuckError
	if errors.As(err, &stuck) {
		row.Stuck = stuck.Error()
		return nil
	}
	if err != nil {
		return err
	}
	out, err := w.d.Outcome(ctx, id)
	if err != nil {
		return err
	}
	if !out.Done {
		row.Stuck = "the load does not end: " + stop.Waits
	}
	row.Ret = out.Ret
	return nil
}

// look looks what the failed loads have left behind that can be seen.
func (w *sweeper) look(ctx context.Context, row *SweepRow, fault int) error {
	snap, err := w.d.Snapshot(ctx)
	if err != nil {
		return err
	}
	for _, f := range snap.Faults {
		if f.Number == fault {
			row.Hits = f.Hits
		}
	}
	if row.Stuck != "" {
		row.Left = append(row.Left, row.Stuck)
	}
	live := snap.State(w.name) == trace.Live
	if live && row.Ret == 0 {
		return nil // never reached, or a kernel that goes on all the same
	}
	left := func(format string, args ...any) { row.Left = append(row.Left, fmt.Sprintf(format, args...)) }
	for _, m := range snap.Listed {
		if m.Name == w.name {
			left("a row in /proc/modules, %s", m.State)
		}
	}
	if m := snap.Module(w.name); m != nil {
		left("%s on the kernel's list, %s", w.name, m.State)
		if m.Dir {
			left("/sys/module/%s", w.name)
		}
	}
	for _, m := range snap.Modules {
		if old := w.before.Module(m.Name); old != nil && m.Refs != old.Refs {
			left("%d references of %s, which had %d", m.Refs, m.Name, old.Refs)
		}
	}
	for _, a := range snap.Leaks {
		if a.Leaked {
			left("%s", strings.TrimSpace(a.Kind+" "+a.Detail)+" of "+a.Point)
		}
	}
	return nil
}
