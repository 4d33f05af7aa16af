package bundle

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod/refusal"
	"example.org/kmodsh/internal/trace"
)

// Prefix begins the name of a target that is a bundle: "bundle:FILE".
const Prefix = "bundle:"

// Target is a bundle as a target: all there was to see at one moment, and
// nothing that can be done.
type Target struct {
	kernel.LookOnly
	name string
	c    *Content
	log  *trace.Log // without an event; closed with the target
}

var _ kernel.Target = (*Target)(nil)

// Open reads a bundle and makes a target of it.
func Open(file string) (*Target, error) {
	c, err := ReadFile(file)
	if err != nil {
		return nil, err
	}
	return NewTarget(Prefix+file, c), nil
}

// NewTarget makes a target of what a bundle holds.
func NewTarget(name string, c *Content) *Target {
	t := &Target{name: name, c: c, log: trace.NewLog(1)}
	t.LookOnly = kernel.LookOnly{Refuse: t.Can}
	return t
}

// Name implements kernel.Target.
func (t *Target) Name() string { return t.name }

// Can implements kernel.Target: what the bundle has can be looked at.
func (t *Target) Can(op kernel.Op) error {
	part := Part("")
	there := true
	switch op {
	case kernel.OpInfo:
		return nil
	case kernel.OpModules:
		part, there = PartStates, t.c.Modules != nil
	case kernel.OpTree:
		part, there = PartIndexes, len(t.c.Indexes) > 0
	case kernel.OpLog:
		part, there = PartLog, t.c.Log != nil
	case kernel.OpEvents:
		return t.no(op, "a bundle is of one moment; record FILE keeps what happens")
	default:
		return t.no(op, "it is a bundle of what another kernel showed: it can be looked at, and nothing can be done in it")
	}
	if there {
		return nil
	}
	return t.no(op, t.lacks(part))
}

// lacks says that a part is not there, and why.
func (t *Target) lacks(part Part) string {
	why := "the bundle has no part " + string(part)
	if slices.Contains(t.c.LeftOut, part) {
		why += ": it was left out"
	} else if m := t.c.Missing[part]; m != "" {
		why += ": " + m
	}
	return why
}

// Unseen says which parts of the configuration are not in the bundle: answers
// are without them.
func (t *Target) Unseen() []string {
	var out []string
	for _, part := range [...]Part{PartConfig, PartCmdline} {
		if slices.Contains(t.c.LeftOut, part) || t.c.Missing[part] != "" {
			out = append(out, t.lacks(part))
		}
	}
	return out
}

func (t *Target) no(op kernel.Op, why string) error {
	return &kernel.UnsupportedError{Target: t.name, Op: op, Why: why}
}

// Info implements kernel.Target.
func (t *Target) Info(context.Context) (kernel.Info, error) {
	if err := t.Err(); err != nil {
		return kernel.Info{}, err
	}
	var info kernel.Info
	if t.c.Info != nil {
		info = *t.c.Info
	}
	info.Target, info.Modules = t.name, len(t.c.Modules)
	if info.Release == "" {
		info.Release = t.c.Release
	}
	facts := []kernel.Fact{
		{Name: "taken of", Value: t.c.Target},
		{Name: "taken at", Value: t.c.Taken.UTC().Format("2006-01-02 15:04:05 UTC")},
	}
	for _, p := range t.c.LeftOut {
		facts = append(facts, kernel.Fact{Name: "left out", Value: string(p)})
	}
	for _, p := range Parts() {
		if why := t.c.Missing[p.Part]; why != "" {
			facts = append(facts, kernel.Fact{Name: "missing", Value: fmt.Sprintf("%s: %s", p.Part, why)})
		}
	}
	info.Facts = append(facts, info.Facts...)
	return info, nil
}

// Tree implements kernel.Target.
func (t *Target) Tree() (kernel.Tree, error) {
	if err := t.Can(kernel.OpTree); err != nil {
		return kernel.Tree{}, err
	}
	return kernel.Tree{
		Dir: t.c.Tree, Release: t.c.Release, FS: t.c.treeFS(),
		Config: t.c.Config, ConfigFS: t.c.configFS(), Cmdline: t.c.Cmdline,
	}, nil
}

// Modules implements kernel.Target.
func (t *Target) Modules(context.Context) ([]kernel.Module, error) {
	if err := t.Can(kernel.OpModules); err != nil {
		return nil, err
	}
	list := slices.Clone(t.c.Modules)
	slices.SortFunc(list, func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// System implements kernel.Describer.
func (t *Target) System(context.Context) (kernel.System, error) {
	if t.c.System == nil {
		return kernel.System{}, nil
	}
	return *t.c.System, nil
}

// Checks returns what was found in module files when the bundle was made.
func (t *Target) Checks() []refusal.FileCheck { return t.c.Checks }

// ModuleFacts returns what the bundle has of a loaded module: parameters and
// which build it is.
func (t *Target) ModuleFacts(module string) []kernel.Fact {
	var facts []kernel.Fact
	for _, v := range t.c.Versions {
		if v.Module != module {
			continue
		}
		for _, f := range []kernel.Fact{{Name: "version", Value: v.Version}, {Name: "srcversion", Value: v.Srcversion}, {Name: "vermagic", Value: v.Vermagic}, {Name: "signer", Value: v.Signer}} {
			if f.Value != "" {
				facts = append(facts, f)
			}
		}
	}
	var names []string
	for name := range t.c.Params[module] {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		facts = append(facts, kernel.Fact{Name: "parameter", Value: name + "=" + t.c.Params[module][name]})
	}
	return facts
}

// Log implements kernel.Target: the lines about modules.
func (t *Target) Log(_ context.Context, n int) ([]string, error) {
	if err := t.Can(kernel.OpLog); err != nil {
		return nil, err
	}
	return kernel.LastLines(t.c.Log, n), nil
}

// Events implements kernel.Target: none.
func (t *Target) Events() *trace.Log { return t.log }

// Err implements kernel.Target.
func (t *Target) Err() error {
	if t.log.Closed() {
		return kernel.ErrClosed
	}
	return nil
}

// Close implements kernel.Target.
func (t *Target) Close() error {
	t.log.Close()
	return nil
}
