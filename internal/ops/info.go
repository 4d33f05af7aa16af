package ops

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func infoVerb() *Verb {
	return &Verb{
		Name: "info", Aliases: []string{"i"}, Group: groupLook,
		Short:    "describe the target, a module, a module state or a point",
		Usage:    "[POINT | STATE | MODULE]",
		New:      func() Command { return new(infoCommand) },
		Examples: []string{"info", "info L14", "info coming", "info ext4"},
	}
}

type infoCommand struct {
	What string `arg:"" optional:"" help:"The id of a point, a module state, or a module; nothing is the target."`
}

func (c *infoCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if c.What == "" {
		return infoTarget(ctx, s)
	}
	if p, ok := trace.LookupPoint(c.What); ok {
		return &PointResult{Point: p}, nil
	}
	if st := trace.State(c.What); st.Valid() {
		return &StateResult{State: st, Says: stateSays(st), Points: full(pointsOf(st))}, nil
	}
	return s.infoModule(ctx, c.What)
}

// wantsTarget leaves out points and states, which are the same everywhere.
func (c *infoCommand) wantsTarget(args []string) bool {
	if len(args) == 0 {
		return true
	}
	_, point := trace.LookupPoint(args[0])
	return !point && !trace.State(args[0]).Valid()
}

func infoTarget(ctx context.Context, s *Session) (Result, error) {
	t := s.Target()
	if t == nil {
		return nil, ErrNoTarget
	}
	if err := t.Can(kernel.OpInfo); err != nil {
		return nil, err
	}
	info, err := t.Info(ctx)
	if err != nil {
		return nil, err
	}
	return &TargetInfo{info}, nil
}

func (c *infoCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return nil
	}
	var list []Candidate
	for _, p := range trace.Points() {
		if strings.HasPrefix(p.ID, strings.ToUpper(word)) {
			list = append(list, Candidate{Text: p.ID, Note: p.Name})
		}
	}
	list = append(list, match(word, stateCandidates())...)
	if word == "" {
		return list
	}
	return append(list, s.completeModules(word)...)
}

// TargetInfo describes a target.
type TargetInfo struct {
	kernel.Info
}

// WriteText writes one fact on each line.
func (r *TargetInfo) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	facts := []kernel.Fact{
		{Name: "target", Value: r.Target},
		{Name: "release", Value: r.Release},
		{Name: "version", Value: r.Version},
		{Name: "machine", Value: r.Machine},
		{Name: "taint", Value: kernel.TaintWords(r.Taint)},
		{Name: "modprobe", Value: r.Modprobe},
		{Name: "uptime", Value: r.Uptime.Round(10 * time.Millisecond).String()},
		{Name: "modules", Value: fmt.Sprint(r.Modules)},
	}
	if r.CPUs > 0 {
		facts = append(facts, kernel.Fact{Name: "cpus", Value: fmt.Sprint(r.CPUs)})
	}
	if r.Memory > 0 {
		facts = append(facts, kernel.Fact{Name: "memory", Value: fmt.Sprintf("%d MiB", r.Memory>>20)})
	}
	t.facts(append(facts, r.Facts...))
	return t.err
}

// facts writes names and values in two columns, leaving out empty values.
func (t *text) facts(facts []kernel.Fact) {
	tab := 0
	for _, f := range facts {
		if f.Value != "" {
			tab = max(tab, width1(clean(f.Name, t.st.ASCII)))
		}
	}
	for _, f := range facts {
		if f.Value == "" {
			continue
		}
		name := clean(f.Name, t.st.ASCII)
		t.wrap(t.paint(dim, name)+strings.Repeat(" ", tab+2-width1(name)), tab+2, f.Value)
	}
}

// PointResult is a row of the table of points.
type PointResult struct {
	trace.Point
}

// WriteText writes the row in plain words.
func (r *PointResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.line("%s", t.paint(bold, r.ID+" "+r.Name)+" ("+string(r.Phase)+")")
	t.wrap("", 0, r.Says)
	facts := []kernel.Fact{{Name: "seen from outside", Value: r.Sees}}
	for _, f := range r.Funcs {
		if f.Name != "" {
			facts = append(facts, kernel.Fact{Name: "from " + f.Since, Value: strings.TrimSpace(f.Name + " " + inFile(f.File))})
		}
	}
	hold := "yes"
	if !r.Hold {
		hold = "no"
	}
	if r.Why != "" {
		hold += ": " + r.Why
	}
	facts = append(facts,
		kernel.Fact{Name: "tracepoint", Value: r.Tracepoint},
		kernel.Fact{Name: "may be held", Value: hold},
		kernel.Fact{Name: "may fail with", Value: strings.Join(r.Fail, ", ")},
		kernel.Fact{Name: "rule from", Value: r.Source})
	t.facts(facts)
	return t.err
}

func inFile(file string) string {
	if file == "" {
		return ""
	}
	return "(" + file + ")"
}

// StateResult explains a module state.
type StateResult struct {
	State  trace.State `json:"state"`
	Says   string      `json:"says"`
	Points []string    `json:"points"` // ids of the points where a module gets into it or out of it
}

// WriteText writes the state's sentence and its points.
func (r *StateResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.line("%s", t.paint(stateColor(r.State), string(r.State)))
	t.wrap("", 0, r.Says)
	if len(r.Points) > 0 {
		t.wrap("points: ", 8, strings.Join(r.Points, " "))
	}
	return t.err
}

// stateSays is the plain sentence of a state (include/linux/module.h, enum
// module_state; kernel/module/main.c, kernel/params.c).
func stateSays(st trace.State) string {
	switch st {
	case trace.Absent:
		return "No module of this name is on the kernel's list, and it is not built in."
	case trace.Unformed:
		return "The module is on the kernel's list so that no second one gets its name, but it is still being put together; /proc/modules hides it."
	case trace.Coming:
		return "The module is linked and its notifiers and init function run; others that need its symbols wait. /proc/modules says Loading. It may still fail and go away."
	case trace.Live:
		return "The module's init function has succeeded; it can be used, and unloaded when nobody uses it."
	case trace.Going:
		return "The module is on its way out: it is being unloaded, or its init function failed. /proc/modules says Unloading."
	case trace.Builtin:
		return "The code is part of the kernel image (listed in modules.builtin); there is nothing to load or unload. Its parameters may make a directory in /sys/module, but without an initstate file."
	}
	return ""
}

// pointsOf returns the points whose sentence, or what is seen there, has the
// state's name.
func pointsOf(st trace.State) []string {
	var ids []string
	for _, p := range trace.Points() {
		words := strings.FieldsFunc(strings.ToLower(p.Says+" "+p.Sees), func(r rune) bool { return r < 'a' || r > 'z' })
		if slices.Contains(words, string(st)) {
			ids = append(ids, p.ID)
		}
	}
	return ids
}
