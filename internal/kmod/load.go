package kmod

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// DefaultPatience is how long a Loader waits for one module of another loader.
// The kernel itself waits as long for a symbol of a module that is coming
// (kernel/module/main.c, resolve_symbol_wait).
const DefaultPatience = 30 * time.Second

// Loader loads and unloads modules of one tree in one kernel: modprobe's work.
// Resolver and Kernel are needed, the rest may stay zero. A Loader keeps no
// state between calls; one may serve several goroutines when its Report, Show
// and Run may. It calls these from one at a time in every load, also where
// modules are loaded at the same time.
type Loader struct {
	Resolver *Resolver
	Kernel   kernel.Kernel
	// Policy decides for requests that name none; the zero value is verified.
	Policy Policy
	// Report is told of every stage; Time and Seq are the receiver's to fill.
	Report func(trace.Event)
	// Show is told of every action before it is taken, in modprobe -v's words.
	Show func(line string)
	// Run runs an install or remove command of the configuration and returns
	// its exit status; where it is nil such a command is an error.
	Run func(ctx context.Context, c Command) (status int, err error)
	// Now reads the target's clock in nanoseconds; nil: nothing is timed.
	Now func() int64
	// Patience bounds the time spent waiting for one module that is coming or
	// going, on the kernel's clock; 0 is DefaultPatience.
	Patience time.Duration
	// Blacklist applies the blacklist to the module's own name, too
	// (modprobe -b), not only to what an alias stands for.
	Blacklist bool
	// IgnoreCommands passes over the install, remove and softdep lines of the
	// module itself (modprobe -i).
	IgnoreCommands bool
	// IgnoreLoaded goes through all steps as if nothing were loaded.
	IgnoreLoaded bool
	// DryRun does everything but change the kernel or run a command.
	DryRun bool
	// AtHand says that who runs the loader typed the request: then a name may be
	// the path of a module file, and parameters go into the shell's text of an
	// install command as they are, as with kmod.
	AtHand bool
	// Insists says that Unload ends where a module that a softdep line names is in
	// use, its remove command fails or, with First, it is not there: modprobe
	// without -a.
	Insists bool
	// First says of Unload that such a module has to be there (modprobe
	// --first-time).
	First bool
	// LastCounts says that of several modules the last one's outcome is the whole's
	// under every policy.
	LastCounts bool
	// Failed is told of each module of several that could not be loaded or
	// removed, when it happens; the whole may succeed nevertheless.
	Failed func(module string, err error)
	// Passed is told of what a softdep line names and could not be loaded, when it
	// happens: the load goes on.
	Passed func(error)
	// Note is told of what is wrong with the tree and does not stop a dry run.
	Note func(error)
	// Flags are passed on with every module file.
	Flags kernel.InitFlags
	// Thread is called at the beginning of each further thread that loads
	// modules at the same time, and what it returns at its end: to look after it
	// (kernel.LockThread); nil: nobody does.
	Thread func() (done func())
	// Why says why the kernel refused a module, and what mends it, in one
	// sentence, "" when it cannot tell (package refusal has one); nil: nothing
	// does.
	Why func(PlanStep, *kernel.LoadError) string
}

// Command is an install or remove command of the configuration.
type Command struct {
	Module string // what it is for: MODPROBE_MODULE of its environment
	Text   string // for the shell, its $CMDLINE_OPTS filled in
	// Options are for modprobe inside the command, MODPROBE_OPTIONS of its
	// environment; "": what this process has.
	Options string
}

// CommandError says that an install or remove command failed.
type CommandError struct {
	Kind string // "install" or "remove"
	Command
	Status int // its exit status, not 0
}

func (e *CommandError) Error() string {
	return fmt.Sprintf("%s command %q ended with status %d", e.Kind, e.Text, e.Status)
}

// Load loads what a name stands for, dependencies first. The result is valid
// also with an error, as far as it got. A kernel's refusal is a
// *kernel.LoadError; a name that stands for nothing wraps kernel.ErrNotFound.
//
// A name that stands for several modules loads all of them. Under the policies
// of kmod the last one's outcome is the whole's, as with kmod; under verified
// it has succeeded when one of them is live or built in.
//
// With Jobs the modules that do not wait for each other are loaded at once, as
// LoadAll says.
func (l *Loader) Load(ctx context.Context, req kernel.LoadRequest) (kernel.LoadResult, error) {
	if req.Jobs > 0 {
		var res kernel.LoadResult
		var err error
		l.LoadAll(ctx, []kernel.LoadRequest{req}, req.Jobs, func(_ int, r kernel.LoadResult, e error) { res, err = r, e })
		return res, err
	}
	r, err := l.begin(req)
	if err != nil {
		return r.res, err
	}
	start := l.now()
	err = r.load(ctx)
	err = r.judge(err)
	r.res.Took = l.now() - start
	return r.res, err
}

// begin makes ready for one load.
func (l *Loader) begin(req kernel.LoadRequest) (*loading, error) {
	r := &loading{
		Loader: l, policy: l.Policy, req: req,
		res: kernel.LoadResult{Name: req.Name, Modules: []string{}, Steps: []kernel.Step{}, State: trace.Absent},
	}
	var err error
	if req.Policy != "" || r.policy.Name == "" {
		r.policy, err = PolicyByName(req.Policy)
	}
	return r, err
}

// loading is one Load under way.
type loading struct {
	*Loader
	policy Policy
	req    kernel.LoadRequest
	res    kernel.LoadResult
	found  []Found
	// falseBuiltin: success rests on a directory that was taken for built in.
	falseBuiltin bool
	// byConfig: a blacklist or install line stood in for a load, so success
	// says nothing of the module.
	byConfig bool
	// foreign says which lines of the kernel's log are about modules that are
	// loaded at the same time; nil: none are.
	foreign func(line string) bool
}

func (r *loading) load(ctx context.Context) error {
	if err := r.resolve(); err != nil || len(r.found) == 0 {
		return err
	}
	var errs []error
	for _, f := range r.found {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := r.module(ctx, f)
		errs = append(errs, err)
		if err == nil {
			continue
		}
		if r.Failed != nil {
			r.Failed(f.Module, err)
		}
		if ctx.Err() != nil {
			break
		}
	}
	return r.sum(ctx, errs)
}

// resolve finds the modules that the name stands for. None and no error means
// that the policy takes the name for loaded.
func (r *loading) resolve() error {
	var err error
	if r.AtHand {
		// What somebody types is passed on, as by kmod: the kernel judges parameters.
		r.found, err = r.Resolver.resolveOrPath(r.req.Name)
	} else {
		if err = errors.Join(checkParams(r.req.Params), kernel.CheckAlias(r.req.Name)); err != nil {
			return err
		}
		r.found, err = r.Resolver.Resolve(r.req.Name)
	}
	if err != nil && !errors.Is(err, kernel.ErrNotFound) {
		r.report(trace.Event{Point: StageResolved, Detail: "failed: " + err.Error()})
		return err
	}
	if len(r.found) == 0 {
		return r.unknown(err)
	}
	r.report(trace.Event{Point: StageResolved, Module: r.found[0].Module, Detail: describe(r.found)})
	for _, f := range r.found {
		r.res.Modules = append(r.res.Modules, f.Module)
	}
	return nil
}

// sum is the outcome of a load whose modules ended with errs, in order.
func (r *loading) sum(ctx context.Context, errs []error) error {
	if !r.policy.Checks || r.LastCounts || ctx.Err() != nil {
		return errs[len(errs)-1]
	}
	if slices.Contains(errs, nil) {
		return nil
	}
	return errors.Join(errs...)
}

// unknown answers a name that stands for no module.
func (r *loading) unknown(cause error) error {
	r.report(trace.Event{Point: StageResolved, Detail: "stands for no module"})
	name := kernel.Normalize(r.req.Name)
	if r.policy.DirIsBuiltin && kernel.CheckModuleName(name) == nil {
		is, err := r.Kernel.Initstate(name)
		if err == nil && is.Dir && is.State == "" {
			r.falseBuiltin = true
			r.report(trace.Event{Point: StageBuiltin, Module: name, Detail: "builtin: the name is unknown, but a directory in /sys/module without initstate counts as built in"})
			r.step(kernel.Step{Module: name, Action: "builtin", Because: "a directory in /sys/module without initstate"})
			return nil
		}
	}
	if cause == nil {
		cause = kernel.ErrNotFound
	}
	return cause
}

// report hands an event to the receiver, with what all of a load's have.
func (r *loading) report(e trace.Event) {
	e.Name = r.req.Name
	r.Loader.report(e)
}

func (l *Loader) report(e trace.Event) {
	if l.Report != nil {
		e.Source = source
		l.Report(e)
	}
}

func (l *Loader) show(line string) {
	if l.Show != nil {
		l.Show(line)
	}
}

func (l *Loader) now() int64 {
	if l.Now == nil {
		return 0
	}
	return l.Now()
}

func (r *loading) step(s kernel.Step) { r.res.Steps = append(r.res.Steps, s) }

// describe says in one line what a name stands for.
func describe(found []Found) string {
	var parts []string
	for _, f := range found {
		s := f.Module
		switch {
		case f.Builtin:
			s += " (built in)"
		case f.File != "":
			s += " (" + f.File + ")"
		}
		if f.Pattern != "" && f.Pattern != f.Module {
			s += " by " + f.Pattern
		}
		if f.Blacklisted {
			s += ", blacklisted"
		}
		if !slices.Contains(parts, s) {
			parts = append(parts, s)
		}
	}
	return strings.Join(parts, "; ")
}
