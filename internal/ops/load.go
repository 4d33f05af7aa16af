package ops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
)

func loadVerb() *Verb {
	return &Verb{
		Name: "load", Aliases: []string{"insert"}, Group: groupModules,
		Short: "load a module, or all an alias stands for, dependencies first",
		Usage: "[--first-time] [--policy POLICY] [--jobs N] NAME [PARAM=VALUE...]",
		Needs: []kernel.Op{kernel.OpLoad},
		New:   func() Command { return &loadCommand{Policy: policyVerified} },
		Examples: []string{
			"load ext4",
			"load nbd nbds_max=4",
			"load fs-xfs",
			"load --first-time loop",
			"load --jobs 4 btrfs",
		},
	}
}

// The policies, how a loader decides "built in" and "done".
const (
	policyKmod19   = "kmod19"
	policyKmod20   = "kmod20"
	policyVerified = "verified"
)

type loadCommand struct {
	FirstTime bool     `help:"Fail when the module is there already."`
	Policy    string   `help:"How the loader decides built in and done: kmod19, kmod20 or verified." enum:"kmod19,kmod20,verified" default:"verified" placeholder:"POLICY"`
	Jobs      int      `help:"Load up to N modules at once that do not need each other; one that fails then fails only what needs it. Not on simulated kernels, where spawned loaders do it." placeholder:"N"`
	Name      string   `arg:"" help:"Module name or alias."`
	Params    []string `arg:"" optional:"" sep:"none" help:"Parameters of the module, PARAM=VALUE."`

	behind []string
}

// passOn takes what stands behind --.
func (c *loadCommand) passOn(words []string) { c.behind = words }

func (c *loadCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	params, err := passedOn(c.Params, c.behind)
	if err != nil {
		return nil, err
	}
	if c.Jobs < 0 || c.Jobs > kmod.MaxJobs {
		return nil, &UsageError{Msg: fmt.Sprintf("--jobs %d: 1 to %d modules can be loaded at once", c.Jobs, kmod.MaxJobs)}
	}
	req := kernel.LoadRequest{Name: c.Name, Params: params, Policy: c.Policy, First: c.FirstTime, Jobs: c.Jobs}
	out := &LoadResult{Expect: s.expect(ctx, c.Name, params)}
	h := watchHealth(ctx, s.Target())
	h.begin()
	res, err := s.Target().Load(ctx, req)
	s.remember(err)
	out.LoadResult = loadResultOf(c.Name, res).LoadResult
	if sick := (*HealthError)(nil); errors.As(h.check(ctx, "load"), &sick) {
		out.Trouble = sick.Reports
	}
	return out, err
}

func (c *loadCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) == 0 {
		return s.completeModules(word)
	}
	return nil
}

// checkName tells a person about a name that cannot be one.
func checkName(name string) error {
	if err := kernel.CheckAlias(name); err != nil {
		return &UsageError{Msg: err.Error()}
	}
	return nil
}

// passedOn are the parameters of a module: those that were looked at, and behind
// them the words that are passed on as they are.
func passedOn(params, behind []string) ([]string, error) {
	for _, p := range params {
		if err := checkParam(p); err != nil {
			return nil, err
		}
	}
	for _, p := range behind {
		if strings.ContainsAny(p, "\x00\n") {
			return nil, &UsageError{Msg: quoteShort(p) + " is no parameter; write PARAM=VALUE"}
		}
	}
	return slices.Concat(params, behind), nil
}

// checkParam refuses what cannot be a module parameter: it needs a name, which
// ends at the first '=', and no character that would end the string for the
// kernel. A parameter without a value is one of its own right (bool).
func checkParam(p string) error {
	name, _, _ := strings.Cut(p, "=")
	if name == "" || strings.HasPrefix(name, "-") || strings.ContainsAny(name, " \t\n\"'") || strings.ContainsAny(p, "\x00\n") {
		return &UsageError{Msg: quoteShort(p) + " is no parameter; write PARAM=VALUE"}
	}
	return nil
}

// LoadResult is what became of a load.
type LoadResult struct {
	kernel.LoadResult
	// Expect is what was seen in the files before the kernel was asked that it
	// would refuse or pass over.
	Expect []string `json:"expect,omitempty"`
	// Trouble are reports in the kernel's log that came with it.
	Trouble []Trouble `json:"trouble,omitempty"`
}

func loadResultOf(name string, r kernel.LoadResult) *LoadResult {
	if r.Name == "" {
		r.Name = name
	}
	r.Modules, r.Steps = full(r.Modules), full(r.Steps)
	return &LoadResult{LoadResult: r}
}

// expect looks at the files that a load will hand to the kernel, before it does
// (the kernel is asked nevertheless: it is the judge). Where there are no files
// to look at it says nothing.
func (s *Session) expect(ctx context.Context, name string, params []string) (out []string) {
	if s.Target().Can(kernel.OpTree) != nil {
		return nil
	}
	r, _, err := s.resolver()
	if err != nil || !r.Tree().HasContents() {
		return nil
	}
	plan, err := r.Plan(name, kmod.PlanOptions{Params: kmod.JoinParams(params)})
	if err != nil {
		return nil // the load itself says it
	}
	c := s.checker(ctx, r, true)
	c.Light = true
	for _, step := range plan {
		if step.File == "" || step.Command != "" || step.Builtin || ctx.Err() != nil || r.Tree().Empty(step.File) {
			continue // an empty file stands for a module in a tree that is only described
		}
		for _, f := range refusal.Problems(c.File(step.Module, step.File, step.Params)) {
			out = append(out, step.Module+": "+f.String())
		}
	}
	return out
}

// full returns s, never nil, so that it is [] in JSON.
func full[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// WriteText writes the steps and then the outcome.
func (r *LoadResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for _, e := range r.Expect {
		t.wrap("before: ", 8, e)
	}
	t.steps(r.Steps)
	if r.Verdict != "" {
		t.wrap("", 0, verdictWords(r.Name, r.Verdict, r.Modules, r.State)+", "+took(r.Took))
	}
	t.troubles(r.Trouble)
	return t.err
}

// verdictWords says what a verdict means for the modules a name stands for.
func verdictWords(name string, v kernel.Verdict, modules []string, state trace.State) string {
	what := ""
	if len(modules) > 1 || len(modules) == 1 && modules[0] != kernel.Normalize(name) {
		what = " (" + strings.Join(modules, ", ") + ")"
	}
	return name + what + ": " + string(v) + ", " + verdictMeans(v, string(state))
}

// verdictMeans is the plain sentence of a verdict.
func verdictMeans(v kernel.Verdict, state string) string {
	switch v {
	case kernel.OK:
		return "the module is live"
	case kernel.IsBuiltin:
		return "it is part of the kernel image"
	case kernel.Premature:
		return "success was reported while the module is " + state
	case kernel.FalseBuiltin:
		return "it was taken for built in, and it is not; the module is " + state
	case kernel.Lost:
		return "success was reported and no module is there"
	case kernel.Failed:
		return "rightly: the module is " + state
	case kernel.Spurious:
		return "failure was reported though the module is " + state
	}
	return "the module is " + state
}

// steps writes the steps of a load or unload as a table, then what the kernel
// logged during those that went well: what it logged about a failure is part
// of the error.
func (t *text) steps(steps []kernel.Step) {
	if len(steps) == 0 {
		return
	}
	var rows [][]cell
	rows = append(rows, header("module", "action", "result", "took", "why"))
	for _, s := range steps {
		result := painted("ok", green)
		switch {
		case s.Errno != "":
			result = painted(s.Errno, red)
		case s.Action != "insert" && s.Action != "remove" && s.Action != "install":
			result = str("-")
		}
		rows = append(rows, []cell{str(s.Module), str(s.Action), result, number(took(s.Took)), str(stepWhy(s))})
	}
	t.table(rows)
	for _, s := range steps {
		if s.Errno != "" {
			continue
		}
		for _, l := range s.Log {
			t.wrap("  log: ", 7, l)
		}
	}
}

// stepWhy joins what is known of a step besides its outcome.
func stepWhy(s kernel.Step) string {
	var parts []string
	if s.Because != "" {
		parts = append(parts, s.Because)
	}
	if s.Params != "" {
		parts = append(parts, "with "+s.Params)
	}
	return strings.Join(parts, "; ")
}
