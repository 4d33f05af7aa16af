package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"example.org/kmodsh/internal/condition"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func breakVerb() *Verb {
	return &Verb{
		Name: "break", Group: groupDebug,
		Short: "stop runs at a point; list or delete such breakpoints",
		Usage: "[--delete N|all] [POINT|fn:FUNC [thread=ID] [module=NAME] [if COND]]",
		Needs: []kernel.Op{kernel.OpDebug},
		New:   func() Command { return new(breakCommand) },
		Examples: []string{
			"break W4", "break fn:do_init_module", "break L18 module=ext4", `break H2 thread=helper-1 if state("ext4") == "coming"`, "break", "break --delete 1",
		},
	}
}

type breakCommand struct {
	Delete string   `placeholder:"N" help:"Delete this breakpoint, or all."`
	Point  string   `arg:"" optional:"" help:"The point: see docs/points.md, or info POINT; on a real kernel also fn: and a function of it, which is a point where docs/points.md has it as one."`
	Where  []string `arg:"" optional:"" passthrough:"" sep:"none" help:"thread=ID, module=NAME, and a condition behind the word if."`
}

func (c *breakCommand) Run(ctx context.Context, s *Session) (Result, error) {
	d, err := s.debugger()
	if err != nil {
		return nil, err
	}
	if c.Delete != "" {
		return s.deleteBreaks(ctx, d, c.Delete)
	}
	if c.Point == "" {
		return s.breaks(), nil
	}
	b, err := c.breakpoint()
	if err != nil {
		return nil, err
	}
	if function, ok := strings.CutPrefix(b.point, trace.FuncPrefix); ok {
		if err := s.watch(ctx, d, function, &b); err != nil {
			return nil, err
		}
	}
	s.withDebug(func(st *debugState) {
		st.lastNo++
		b.number = st.lastNo
		st.breaks = append(st.breaks, b)
	})
	r := s.breaks()
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	r.Notes = s.pending(d, snap, b.point, b.thread, b.module)
	if b.cond != nil {
		r.Notes = append(r.Notes, s.unknown(snap, b.cond)...)
	}
	return r, nil
}

// breakpoint reads the arguments.
func (c *breakCommand) breakpoint() (breakpoint, error) {
	p, err := lookupPoint(c.Point)
	if err != nil {
		return breakpoint{}, err
	}
	b := breakpoint{point: p.ID}
	for i, w := range c.Where {
		name, value, _ := strings.Cut(w, "=")
		switch {
		case w == "if":
			b.cond, err = condition.Compile(strings.Join(c.Where[i+1:], " "))
			return b, err
		case name == "thread" && value != "":
			b.thread = value
		case name == "module" && value != "":
			b.module = kernel.Normalize(value)
		case w == "thread=" || w == "module=":
			return b, &UsageError{Msg: w + " has no value"}
		default:
			return b, &UsageError{Msg: quoteShort(w) + " is none of thread=ID, module=NAME, if COND"}
		}
	}
	return b, nil
}

// lookupPoint finds a row of the table of points.
func lookupPoint(id string) (trace.Point, error) {
	p, ok := trace.LookupPoint(id)
	if !ok {
		var ids []string
		for _, p := range trace.Points() {
			ids = append(ids, p.ID)
		}
		return p, &UsageError{Msg: quoteShort(id) + " is no point; points are " + strings.Join(ids, " ")}
	}
	return p, nil
}

// Breakpoints lists the breakpoints in force.
func (s *Session) Breakpoints() []Breakpoint { return s.breaks().Breakpoints }

// breaks lists the breakpoints.
func (s *Session) breaks() *BreaksResult {
	r := &BreaksResult{Breakpoints: []Breakpoint{}}
	s.withDebug(func(st *debugState) {
		for _, b := range st.breaks {
			row := Breakpoint{Number: b.number, Point: b.point, Thread: b.thread, Module: b.module}
			if b.cond != nil {
				row.Cond = b.cond.Text()
			}
			r.Breakpoints = append(r.Breakpoints, row)
		}
	})
	return r
}

func (s *Session) deleteBreaks(ctx context.Context, d kernel.Debugger, which string) (Result, error) {
	n, err := strconv.Atoi(which)
	if err != nil && which != "all" {
		return nil, &UsageError{Msg: quoteShort(which) + " is neither the number of a breakpoint nor all"}
	}
	found := which == "all"
	var faults []int
	s.withDebug(func(st *debugState) {
		st.breaks = slices.DeleteFunc(st.breaks, func(b breakpoint) bool {
			gone := which == "all" || b.number == n
			found = found || gone
			if gone && b.fault > 0 {
				faults = append(faults, b.fault)
			}
			return gone
		})
	})
	if len(faults) > 0 {
		if err := s.unwatch(ctx, d, faults); err != nil {
			return nil, err
		}
	}
	if !found {
		return nil, &UsageError{Msg: fmt.Sprintf("there is no breakpoint %d", n)}
	}
	return s.breaks(), nil
}

// watch makes a function that is no point yet one, at which a breakpoint can be.
func (s *Session) watch(ctx context.Context, d kernel.Debugger, function string, b *breakpoint) (err error) {
	if _, isSim := d.(simulated); !isSim {
		snap, err := d.Snapshot(ctx)
		if err != nil {
			return err
		}
		if p, ok := trace.PointOf(snap.Kernel, function); ok {
			b.point = p.ID
			return nil
		}
	}
	s.changing(d)
	b.fault, err = d.AddFault(ctx, kernel.Fault{Point: b.point})
	return err
}

// unwatch takes breakpoints at functions out of force, unless going back has.
func (s *Session) unwatch(ctx context.Context, d kernel.Debugger, faults []int) error {
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return err
	}
	s.changing(d)
	for _, f := range snap.Faults {
		if f.Watches() && slices.Contains(faults, f.Number) {
			if err := d.RemoveFault(ctx, f.Number); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c *breakCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		if strings.HasPrefix("if", word) {
			return append(s.completeFilters(word), Candidate{Text: "if", Note: "only when a condition holds"})
		}
		return s.completeFilters(word)
	}
	all := func(trace.Point) bool { return true }
	return append(completePoints(word, all), completeFunctions(word, all)...)
}

// completePoints completes the IDs of the points that are wanted.
func completePoints(word string, want func(trace.Point) bool) []Candidate {
	var list []Candidate
	for _, p := range trace.Points() {
		if want(p) && strings.HasPrefix(p.ID, strings.ToUpper(word)) {
			list = append(list, Candidate{Text: p.ID, Note: p.Name})
		}
	}
	return list
}

// completeFunctions offers the functions of the kernel that are worth naming,
// once "fn" is typed.
func completeFunctions(word string, want func(trace.Point) bool) []Candidate {
	var list []Candidate
	if !strings.HasPrefix(word, trace.FuncPrefix) {
		if strings.HasPrefix(trace.FuncPrefix, word) {
			list = append(list, Candidate{Text: trace.FuncPrefix, Note: "a function of a real kernel, by name"})
		}
		return list
	}
	for _, p := range trace.Functions() {
		if want(p) && strings.HasPrefix(p.ID, word) {
			list = append(list, Candidate{Text: p.ID, Note: p.Says})
		}
	}
	return list
}

// Breakpoint is one breakpoint.
type Breakpoint struct {
	Number int    `json:"n"`
	Point  string `json:"point"`
	Thread string `json:"thread,omitempty"`
	Module string `json:"module,omitempty"`
	Cond   string `json:"if,omitempty"`
}

// BreaksResult is the list of breakpoints.
type BreaksResult struct {
	Breakpoints []Breakpoint `json:"breakpoints"`
	// Notes say what keeps the breakpoint that was made from stopping anybody now.
	Notes []string `json:"notes,omitempty"`
}

// WriteText writes one breakpoint on each line.
func (r *BreaksResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Breakpoints) == 0 {
		t.line("no breakpoints")
	}
	for _, b := range r.Breakpoints {
		s := b.Point
		if b.Thread != "" {
			s += " thread=" + b.Thread
		}
		if b.Module != "" {
			s += " module=" + b.Module
		}
		if b.Cond != "" {
			s += " if " + b.Cond
		}
		t.wrap(fmt.Sprintf("%3d  ", b.Number), 5, s)
	}
	writeNotes(t, r.Notes)
	return t.err
}
