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
)

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
	// depmod's is for which; what modprobe reads is named.
	g.c.Config = append(g.c.Config, tree.Config...)
	for _, p := range slices.Concat(tree.Config, kmod.DefaultDepmodConfig()) {
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
