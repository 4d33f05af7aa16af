package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func sweepVerb() *Verb {
	return &Verb{
		Name: "sweep", Group: groupFaults,
		Short:    "make a load fail at every phase, and account for what stays behind",
		Usage:    "fail [--on TARGET] [MODULE [PARAM=VALUE...]]",
		New:      func() Command { return new(sweepCommand) },
		Examples: []string{"sweep fail", "sweep fail --on sim:v4.9", "sweep fail ext4", "sweep fail --every-errno victim s=leak"},
	}
}

type sweepCommand struct {
	On         string   `placeholder:"TARGET" help:"Kernel to sweep; the present target without it."`
	EveryErrno bool     `help:"Every errno a phase can fail with, not only the first."`
	Repeat     int      `default:"0" placeholder:"N" help:"How often each load is made to fail before the account; without it once where the target says what each load allocated, and 16 times where only the kernel's totals tell."`
	What       string   `arg:"" enum:"fail" help:"fail: each phase is made to fail."`
	Module     string   `arg:"" optional:"" default:"victim" help:"Module to load; victim without it, which has parameters whose strings are allocated."`
	Params     []string `arg:"" optional:"" sep:"none" name:"param" help:"Its parameters; s=leak for victim."`
}

// wantsTarget: --on names one, or the present one is swept.
func (c *sweepCommand) wantsTarget(args []string) bool {
	return !slices.ContainsFunc(args, func(w string) bool { return w == "--on" || strings.HasPrefix(w, "--on=") })
}

// Bounds of a sweep.
const (
	maxRepeat     = 10_000
	repeatsTotals = 16
)

// errLeaks is wrapped by the error of a sweep that found something left behind.
var errLeaks = errors.New("something stays behind")

// sweepThread is the ID of the thread that loads.
const sweepThread = "sweep"

func (c *sweepCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.Repeat < 0 || c.Repeat > maxRepeat {
		return nil, &UsageError{Msg: fmt.Sprintf("--repeat is up to %d", maxRepeat)}
	}
	if c.On != "" {
		if err := s.Open(ctx, c.On); err != nil {
			return nil, err
		}
	}
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if c.Module == "victim" && len(c.Params) == 0 {
		c.Params = []string{"s=leak"}
	}
	w := &sweeper{d: d, name: kernel.Normalize(c.Module), repeat: c.Repeat}
	w.accountant, _ = d.(kernel.Accountant)
	if w.repeat == 0 {
		w.repeat = 1
		if w.accountant != nil {
			w.repeat = repeatsTotals
		}
	}
	w.task = kernel.Task{Verb: "insmod", Name: c.Module, Params: c.Params}
	s.changing(d)
	r := &SweepResult{Target: d.Name(), Task: w.task.String(), Repeat: w.repeat, Rows: []SweepRow{}}
	if r.Totals, err = w.begin(ctx, c.Module); err != nil {
		return nil, err
	}
	phases := slices.DeleteFunc(trace.Points(), func(p trace.Point) bool {
		return len(p.Fail) == 0 || p.Phase != trace.PhaseLoad && p.Phase != trace.PhaseSysfs
	})
	for i, p := range phases {
		s.Progress("phases", int64(i), int64(len(phases)))
		errnos := p.Fail[:1]
		if c.EveryErrno {
			errnos = p.Fail
		}
		for _, name := range errnos {
			row, err := w.phase(ctx, p, name)
			if err != nil {
				return r, err
			}
			r.Rows = append(r.Rows, row)
		}
	}
	if n := r.leaks(); n > 0 {
		return r, fmt.Errorf("%w: after %d of %d failures", errLeaks, n, len(r.Rows))
	}
	return r, nil
}

func (c *sweepCommand) Complete(s *Session, before []string, word string) []Candidate {
	switch len(operands(before)) {
	case 0:
		return match(word, []Candidate{{Text: "fail", Note: "each phase of a load is made to fail"}})
	case 1:
		return s.completeModules(word)
	}
	return nil
}

// sweeper makes loads fail on one target.
type sweeper struct {
	d          kernel.Debugger
	accountant kernel.Accountant // nil: the target knows each allocation
	name       string
	task       kernel.Task
	repeat     int
	base       int // position with the dependencies loaded
	before     *kernel.Snapshot
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
	return w.accountant != nil, err
}

// phase makes the load fail at one point, and looks what stays.
func (w *sweeper) phase(ctx context.Context, p trace.Point, errno string) (SweepRow, error) {
	row := SweepRow{Point: p.ID, Name: p.Name, Errno: errno, Left: []string{}}
	if err := w.d.Goto(ctx, w.base); err != nil {
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
	var first kernel.Account
	for i := range w.repeat {
		// The first failure may fill caches that are never emptied: what counts
		// is what each further one adds.
		if i == 1 && w.accountant != nil {
			if first, err = w.accountant.Account(ctx); err != nil {
				return row, err
			}
		}
		if err := w.load(ctx, &row, fmt.Sprintf("%s-%d", sweepThread, i+1)); err != nil {
			return row, err
		}
		if row.Stuck != "" || row.Ret == 0 {
			break // it is loaded now
		}
	}
	return row, w.account(ctx, &row, number, first)
}

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

// account looks what the failed loads have left behind.
func (w *sweeper) account(ctx context.Context, row *SweepRow, fault int, first kernel.Account) error {
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
	if w.accountant == nil || w.repeat < 2 {
		return nil
	}
	last, err := w.accountant.Account(ctx)
	if err != nil {
		return err
	}
	for _, c := range last.Counts {
		for _, old := range first.Counts {
			// Each failure after the first must have added something.
			if grown := c.Value - old.Value; old.Name == c.Name && grown > c.Noise && grown >= int64(w.repeat-1) {
				left("%d %s of %s in %d loads", grown, c.Unit, c.Name, w.repeat-1)
			}
		}
	}
	for _, k := range last.Kmemleak {
		if !slices.Contains(first.Kmemleak, k) {
			left("kmemleak: %s", k)
		}
	}
	return nil
}

// SweepRow is one phase that was made to fail.
type SweepRow struct {
	Point string   `json:"point"`
	Name  string   `json:"name"`
	Errno string   `json:"errno"`
	Hits  int      `json:"hits"` // how often the fault struck
	Ret   int64    `json:"ret"`  // what the load returned
	Left  []string `json:"left"` // what stayed behind
	// Stuck says why the load did not end, Cannot why the target cannot fail
	// there.
	Stuck  string `json:"stuck,omitempty"`
	Cannot string `json:"cannot,omitempty"`
}

// SweepResult is a sweep through the phases of a load.
type SweepResult struct {
	Target string     `json:"target"`
	Task   string     `json:"task"`
	Repeat int        `json:"repeat"` // loads for each row
	Totals bool       `json:"totals"` // the kernel's totals were compared, too
	Rows   []SweepRow `json:"rows"`
}

func (r *SweepResult) leaks() int {
	n := 0
	for _, row := range r.Rows {
		if len(row.Left) > 0 {
			n++
		}
	}
	return n
}

// what says in words what came of a row.
func (row *SweepRow) what() string {
	switch {
	case row.Cannot != "":
		return "cannot be made to fail: " + row.Cannot
	case row.Hits == 0:
		return "not on the way of this load"
	case row.Ret == 0 && row.Stuck == "":
		return "goes on all the same"
	}
	return "returned " + retWords(row.Ret)
}

// WriteText writes a row for each phase.
func (r *SweepResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	times := "once"
	if r.Repeat > 1 {
		times = fmt.Sprintf("%d times", r.Repeat)
	}
	t.wrap("", 2, fmt.Sprintf("%s on %s, made to fail %s at each phase", r.Task, r.Target, times))
	rows := [][]cell{header("point", "", "fails with", "load", "stays behind")}
	for i := range r.Rows {
		row := &r.Rows[i]
		left := painted("nothing", green)
		switch {
		case row.Cannot != "" || row.Hits == 0 && len(row.Left) == 0:
			left = str("")
		case len(row.Left) > 0:
			left = painted(strings.Join(row.Left, "; "), red)
		}
		rows = append(rows, []cell{str(row.Point), str(row.Name), str(row.Errno), str(row.what()), left})
	}
	t.table(rows)
	if !r.Totals {
		t.wrap("", 2, "accounted: /proc/modules, sysfs, references, and what each load allocated")
	} else {
		t.wrap("", 2, "accounted: /proc/modules, sysfs, references, the kernel's totals of what is allocated, and kmemleak where it has it")
	}
	return t.err
}
