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

func sweepVerb() *Verb {
	return &Verb{
		Name: "sweep", Group: groupFaults,
		Short:    "make a load fail at every phase, and account for what stays behind",
		Usage:    "fail [--on TARGET] [MODULE [PARAM=VALUE...]]",
		New:      func() Command { return new(sweepCommand) },
		Examples: []string{"sweep fail", "sweep fail --on sim:v4.9", "sweep fail --on vm:6.12 --point L14 leaky leak=1", "sweep fail ext4", "sweep fail --every-errno victim s=leak"},
	}
}

type sweepCommand struct {
	On         string   `placeholder:"TARGET" help:"Kernel to sweep; the present target without it."`
	EveryErrno bool     `help:"Every errno a phase can fail with, not only the first."`
	Repeat     int      `default:"0" placeholder:"N" help:"How often each load is made to fail before the account; without it once where the target says what each load allocated, and 16 times where only the kernel's totals tell."`
	Point      []string `placeholder:"ID" help:"Only this phase; may be given more than once."`
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

func (c *sweepCommand) Run(ctx context.Context, s *Session) (res Result, err error) {
	if c.Repeat < 0 || c.Repeat > maxRepeat {
		return nil, &UsageError{Msg: fmt.Sprintf("--repeat is up to %d", maxRepeat)}
	}
	if err := s.openNamed(ctx, c.On); err != nil {
		return nil, err
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
	phases, err := c.phases()
	if err != nil {
		return nil, err
	}
	if w.repeat == 0 {
		w.repeat = 1
		if w.accountant != nil {
			w.repeat = repeatsTotals
		}
	}
	w.task = kernel.Task{Verb: "insmod", Name: c.Module, Params: c.Params}
	s.changing(d)
	w.start, _ = d.Pos()
	r := &SweepResult{Target: d.Name(), Task: w.task.String(), Repeat: w.repeat, Rows: []SweepRow{}}
	// The present target stands in the end where it stood; one of the sweep's own
	// is nobody's afterwards.
	stays := c.On == ""
	if r.Totals, err = w.begin(ctx, c.Module); err != nil {
		return nil, errors.Join(err, w.end(ctx, stays))
	}
	defer func() { err = errors.Join(err, w.end(ctx, stays)) }()
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

// phases are those of a load that can fail, or those asked for.
func (c *sweepCommand) phases() ([]trace.Point, error) {
	all := slices.DeleteFunc(trace.Points(), func(p trace.Point) bool {
		return len(p.Fail) == 0 || p.Phase != trace.PhaseLoad && p.Phase != trace.PhaseSysfs
	})
	if len(c.Point) == 0 {
		return all, nil
	}
	var list []trace.Point
	for _, id := range c.Point {
		i := slices.IndexFunc(all, func(p trace.Point) bool { return p.ID == id })
		if i < 0 {
			return nil, &UsageError{Msg: fmt.Sprintf("%.16q is no phase of a load that can fail: info ID says of each point whether it may", id)}
		}
		list = append(list, all[i])
	}
	return list, nil
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
