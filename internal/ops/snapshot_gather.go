package ops

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
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
		g.c.Missing[p] = why
	}
}

func (g *gather) all(ctx context.Context, names []string) {
	c, t := g.c, g.t
	c.Target = t.Name()
	r, tree, terr := g.s.resolver()
	c.Release, c.Tree = tree.Release, tree.Dir
	g.part(ctx, bundle.PartInfo, func() error {
		info, err := t.Info(ctx)
		if err != nil {
			return err
		}
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

// versions reads which builds the loaded modules' files are.
func (g *gather) versions(ctx context.Context, r *kmod.Resolver, modules []kernel.Module) error {
	if r == nil || !r.Tree().HasContents() {
		return errors.New("there are no module files to read")
	}
	g.c.Versions = []bundle.ModuleVersion{}
	for i, m := range modules {
		if err := ctx.Err(); err != nil {
			return err
		}
		g.s.Progress("reading modules", int64(i), int64(len(modules)))
		g.c.Versions = append(g.c.Versions, buildOf(r, m.Name))
	}
	return nil
}

// buildOf reads which build the file of a module is.
func buildOf(r *kmod.Resolver, module string) bundle.ModuleVersion {
	v := bundle.ModuleVersion{Module: module}
	var err error
	if v.File, err = r.FileOf(module); err != nil || v.File == "" {
		v.Error = "the tree has no file of it"
		return v
	}
	f, err := r.Tree().Open(v.File)
	if err != nil {
		v.Error = err.Error()
		return v
	}
	defer f.Close()
	m, err := kmod.ReadModuleFile(f, v.File)
	if err != nil {
		v.Error = err.Error()
		return v
	}
	v.Version, _ = m.Field("version")
	v.Srcversion, _ = m.Field("srcversion")
	v.Vermagic, _ = m.Field("vermagic")
	_, v.Intree = m.Field("intree")
	if m.Signature != nil {
		v.Signer = m.Signature.Signer
	}
	return v
}

// indexes reads the tree's indexes.
func (g *gather) indexes(r *kmod.Resolver) error {
	if r == nil {
		return nil
	}
	entries, err := r.Tree().List(".")
	if err != nil {
		return err
	}
	g.c.Indexes = map[string][]byte{}
	var errs []error
	for _, e := range entries {
		name := e.Name()
		// modules.symbols is large in text form, and there as a binary index.
		if !strings.HasPrefix(name, "modules.") || e.IsDir() || strings.HasSuffix(name, ".tmp") {
			continue
		}
		f, err := r.Tree().Open(name)
		if err == nil {
			var b []byte
			b, err = io.ReadAll(io.LimitReader(f, 64<<20))
			f.Close()
			g.c.Indexes[name] = b
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// files lists the files of the tree.
func (g *gather) files(ctx context.Context, r *kmod.Resolver) error {
	if r == nil {
		return nil
	}
	g.c.Files = []bundle.TreeFile{}
	return r.Tree().EachFile(func(name string, fi fs.FileInfo) error {
		if kmod.IsModuleFile(name) || strings.HasPrefix(name, "modules.") {
			g.c.Files = append(g.c.Files, bundle.TreeFile{Path: name, Size: fi.Size(), Mtime: fi.ModTime().UTC()})
		}
		return ctx.Err()
	})
}

// config reads the files of the configuration, shadowed ones too.
func (g *gather) config(tree kernel.Tree) error {
	if tree.ConfigFS != nil || len(tree.Config) == 0 {
		return errors.New("there is no configuration on this machine")
	}
	g.c.Configs = []bundle.ConfigFile{}
	var errs []error
	add := func(file string) {
		f, err := os.Open(file)
		if err != nil {
			errs = append(errs, err)
			return
		}
		defer f.Close()
		b, err := io.ReadAll(io.LimitReader(f, maxConfigText))
		errs = append(errs, err)
		g.c.Configs = append(g.c.Configs, bundle.ConfigFile{Path: path.Clean(file), Text: bundle.Mask(string(b))})
	}
	for _, p := range tree.Config {
		g.c.Config = append(g.c.Config, p)
		st, err := os.Stat(p)
		switch {
		case err != nil:
			continue // why says that it is not there
		case !st.IsDir():
			add(p)
			continue
		}
		entries, err := os.ReadDir(p)
		errs = append(errs, err)
		for _, e := range entries {
			if strings.HasSuffix(e.Name(), ".conf") && !e.IsDir() {
				add(path.Join(p, e.Name()))
			}
		}
	}
	return errors.Join(errs...)
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
					f[j].Text, f[j].Mend = bundle.Mask(f[j].Text), bundle.Mask(f[j].Mend)
				}
				res.Checks[i].Findings = f
			}
			g.c.Checks = append(g.c.Checks, res.Checks...)
		}
	}
	return errors.Join(errs...)
}
