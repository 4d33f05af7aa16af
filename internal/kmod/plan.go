package kmod

import (
	"errors"
	"fmt"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// PlanOptions say how a load is wanted.
type PlanOptions struct {
	Params         string // for the module itself, as JoinParams makes them
	IgnoreCommands bool   // pass over the module's own install line and softdeps (modprobe -i)
	Blacklist      bool   // apply the blacklist to the module's own name too (modprobe -b)
}

// PlanStep is one thing modprobe does to load a module.
type PlanStep struct {
	Module string `json:"module"`
	File   string `json:"file,omitempty"`   // path relative to the tree; "" when there is none to insert
	Params string `json:"params,omitempty"` // from the configuration and, for the module asked for, the caller
	// Command is the shell command of an install line to run in place of
	// inserting File.
	Command string `json:"command,omitempty"`
	// Builtin says that the built-in index has the module: nothing is to be
	// done even if there is a File.
	Builtin bool   `json:"builtin,omitempty"`
	Because string `json:"because"`        // what brought it in
	Soft    bool   `json:"soft,omitempty"` // its failure does not stop the load
	// Line is the step in the words of modprobe -v and -D; "" when there is
	// nothing to insert and no command.
	Line string `json:"-"`

	given string // Params as kmod has them, with the blanks around them
	entry int    // its place in the probe list
	lacks error  // why it cannot be taken, where that is told when its turn comes
}

// checking says what becomes of a step that cannot be taken.
type checking int

const (
	unchecked  checking = iota // it is as good as another: it is only shown
	checked                    // without it there is no plan
	checkedNow                 // where it has no file at all, it fails when its turn comes, as with kmod
)

// Plan returns what modprobe would do for name, in order: the dependencies of
// each module it stands for, soft dependencies before and after, the module.
// A step that would only repeat an earlier one is left out. Blacklisted
// modules are passed over, so that a plan can be empty without an error.
//
// Where name stands for several modules the last one decides about the error,
// as with modprobe's exit status. The error wraps kernel.ErrNotFound when a
// module that must be loaded is not in the tree, or modules.dep has it and its
// file is not there; what is only wanted softly is left out instead.
func (r *Resolver) Plan(name string, opt PlanOptions) ([]PlanStep, error) {
	found, err := r.Resolve(name)
	if err != nil {
		return nil, err
	}
	lists, _, err := r.planLists(found, name, opt, false)
	if err != nil {
		return nil, err
	}
	var steps []PlanStep
	at := map[string]int{}
	var last error
	for _, list := range lists {
		var own []PlanStep
		if own, last = r.planSteps(list, checked, nil); last != nil {
			continue
		}
		for _, s := range own {
			i, ok := at[s.Module]
			if !ok {
				at[s.Module] = len(steps)
				steps = append(steps, s)
				continue
			}
			steps[i].Soft = steps[i].Soft && s.Soft
		}
	}
	return steps, last
}

// planSteps turns one list, of the module that was asked for, into steps and
// looks after the files.
func (r *Resolver) planSteps(list planList, how checking, asked *planModule) ([]PlanStep, error) {
	var steps []PlanStep
	for i, m := range list {
		options := m.options()
		s := PlanStep{
			entry: i, Module: m.name, File: m.file, Builtin: m.builtin, Soft: !m.required, Because: m.because,
			Params: strings.TrimSpace(options), given: options, Line: m.show(r.tree.Path("")),
		}
		if c, ok := m.install(); ok {
			s.Command = strings.ReplaceAll(c.Value, "$CMDLINE_OPTS", options)
		}
		var err error
		late := how == checkedNow && m == asked && s.File != "" // opening its file tells then
		if how != unchecked && !late {
			err = r.checkStep(s)
		}
		if err != nil && s.Soft && errors.Is(err, kernel.ErrNotFound) {
			continue
		}
		if err != nil && how == checkedNow && s.File == "" {
			s.lacks, err = err, nil
		}
		if err != nil {
			return nil, err
		}
		steps = append(steps, s)
	}
	return steps, nil
}

// checkStep says whether a step can be taken.
func (r *Resolver) checkStep(s PlanStep) error {
	switch {
	case s.Command != "" || s.Builtin:
		return nil
	case s.File == "":
		return fmt.Errorf("module %s: %w in %s (%s)", s.Module, kernel.ErrNotFound, r.tree.Dir(), s.Because)
	case kernel.CheckModuleName(s.Module) != nil:
		return fmt.Errorf("%s/modules.dep: %w: %w; run depmod to make it anew", r.tree.Dir(), kernel.ErrDamaged, kernel.CheckModuleName(s.Module))
	case !r.tree.hasFile(s.File):
		return r.fileMissing(s.Module, s.File)
	}
	return nil
}

// fileMissing is the error of an entry of modules.dep without its file.
func (r *Resolver) fileMissing(module, file string) error {
	return fmt.Errorf("module %s: %w: modules.dep of %s names %s, which is not there; run depmod if modules were moved or removed", module, kernel.ErrNotFound, r.tree.Dir(), file)
}

// JoinParams makes the parameter string of a load from its single parameters:
// joined by spaces, a value that holds spaces in double quotes, empty ones at the
// beginning left out (kmod 30, tools/modprobe.c, options_from_array).
func JoinParams(params []string) string {
	out := ""
	for _, p := range params {
		name, value, ok := strings.Cut(p, "=")
		if ok && strings.Contains(value, " ") && value[0] != '"' && value[0] != '\'' {
			p = name + `="` + value + `"`
		}
		if out != "" {
			out += " "
		}
		out += p
	}
	return out
}
