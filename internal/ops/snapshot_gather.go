package ops

import (
	"context"
	"errors"
	"slices"
	"strings"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/refusal"
)

// gather collects what goes into a bundle. What cannot be had is noted and does
// not stop it: a bundle is made where something is wrong.
type gather struct {
	s       *Session
	t       kernel.Target
	c       *bundle.Content
	without []bundle.Part
	// here is the directory of the tree on this machine, there its name on the
	// target's.
	here, there string
}

// elsewhere is a text as it reads on the target's own machine.
func (g *gather) elsewhere(text string) string {
	if g.here == "" {
		return text
	}
	return strings.ReplaceAll(text, g.here, g.there)
}

// maxConfigText bounds the size in bytes of one configuration file.
const maxConfigText = 1 << 20

// part runs f unless its part is left out, and notes its error.
func (g *gather) part(ctx context.Context, p bundle.Part, f func() error) {
	if slices.Contains(g.without, p) {
		g.c.LeftOut = append(g.c.LeftOut, p)
		return
	}
	err := ctx.Err()
	if err == nil {
		err = f()
	}
	if err != nil {
		if g.c.Missing == nil {
			g.c.Missing = map[bundle.Part]string{}
		}
		why := err.Error()
		var unsupported *kernel.UnsupportedError
		if errors.As(err, &unsupported) {
			why = unsupported.Why
		}
		g.c.Missing[p] = g.elsewhere(why)
	}
}

func (g *gather) all(ctx context.Context, names []string) {
	c, t := g.c, g.t
	c.Target = t.Name()
	r, tree, terr := g.s.resolver()
	c.Release, c.Tree = tree.Release, guestDir(tree)
	g.here, g.there = tree.Dir, c.Tree
	g.part(ctx, bundle.PartInfo, func() error {
		info, err := t.Info(ctx)
		if err != nil {
			return err
		}
		info.Facts = slices.DeleteFunc(slices.Clone(info.Facts), func(f kernel.Fact) bool { return f.Here })
		c.Info, c.Release = &info, info.Release
		return nil
	})
	g.part(ctx, bundle.PartSystem, func() error {
		d, ok := t.(kernel.Describer)
		if !ok {
			return errors.New("this target cannot say it")
		}
		sys, err := d.System(ctx)
		c.System = &sys
		return err
	})
	var modules []kernel.Module
	var merr error
	if merr = t.Can(kernel.OpModules); merr == nil {
		modules, merr = t.Modules(ctx)
	}
	g.part(ctx, bundle.PartStates, func() error {
		if merr == nil {
			c.Modules = full(modules)
		}
		return merr
	})
	g.part(ctx, bundle.PartParams, func() error {
		p, ok := t.(kernel.ParamReader)
		if !ok {
			return errors.New("this target cannot read them")
		}
		var err error
		c.Params, err = p.Params(ctx)
		for _, params := range c.Params {
			for name, value := range params {
				params[name] = bundle.MaskValue(name, value)
			}
		}
		return err
	})
	g.part(ctx, bundle.PartVersions, func() error { return errors.Join(terr, merr, g.versions(ctx, r, modules)) })
	g.part(ctx, bundle.PartIndexes, func() error { return errors.Join(terr, g.indexes(r)) })
	g.part(ctx, bundle.PartFiles, func() error { return errors.Join(terr, g.files(ctx, r)) })
	g.part(ctx, bundle.PartConfig, func() error { return g.config(tree) })
	g.part(ctx, bundle.PartCmdline, func() error {
		if tree.Cmdline == "" {
			return errors.Join(errors.New("this target does not show it"), terr)
		}
		c.Cmdline = bundle.AboutModulesCmdline(tree.Cmdline)
		return nil
	})
	g.part(ctx, bundle.PartLog, func() error { return g.log(ctx, r, modules) })
	if len(names) > 0 {
		g.part(ctx, bundle.PartChecks, func() error { return errors.Join(terr, g.checks(ctx, r, names)) })
	}
}

// log reads the lines of the kernel's log that are about modules.
func (g *gather) log(ctx context.Context, r *kmod.Resolver, modules []kernel.Module) error {
	if err := g.t.Can(kernel.OpLog); err != nil {
		return err
	}
	log, err := g.t.Log(ctx, 0)
	if err != nil {
		return err
	}
	var names []string
	if r != nil {
		names, _ = r.Names() // without them, the loaded ones
	}
	for _, m := range modules {
		names = append(names, m.Name)
	}
	g.c.Log = full(bundle.AboutModules(log, names))
	for i, line := range g.c.Log {
		g.c.Log[i] = bundle.Mask(line)
	}
	return nil
}

// checks looks at the files of modules as the kernel will. What it finds repeats
// nothing of a part that is left out.
func (g *gather) checks(ctx context.Context, r *kmod.Resolver, names []string) error {
	if r == nil {
		return nil
	}
	if !r.Tree().HasContents() {
		return errors.New("there are no module files to look at")
	}
	g.c.Checks = []refusal.FileCheck{}
	c := g.s.checker(ctx, r, true)
	if slices.Contains(g.without, bundle.PartSystem) {
		c.System = kernel.System{}
	}
	secret := slices.Contains(g.without, bundle.PartConfig) || slices.Contains(g.without, bundle.PartCmdline)
	var errs []error
	for _, name := range names {
		w, err := r.Explain(name)
		errs = append(errs, err)
		if w != nil {
			res := WhyResult{Why: *w}
			res.checks(c, nil)
			for i := range res.Checks {
				f := slices.DeleteFunc(res.Checks[i].Findings, func(f refusal.Finding) bool { return secret && f.What == refusal.WhatParams })
				for j := range f {
					f[j].Text, f[j].Mend = bundle.Mask(g.elsewhere(f[j].Text)), bundle.Mask(g.elsewhere(f[j].Mend))
				}
				res.Checks[i].Findings = f
			}
			g.c.Checks = append(g.c.Checks, res.Checks...)
		}
	}
	return errors.Join(errs...)
}
