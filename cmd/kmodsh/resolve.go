package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/ops"
)

// resolveFlags are the words after resolve when it works on a module tree
// instead of a target.
type resolveFlags struct {
	Dir    string   `short:"d" default:"/"`
	Kver   string   `short:"S" name:"set-version"`
	Config []string `short:"C" sep:"none"`
	Mode   string   `enum:"table,R,D," default:""`
	Batch  bool
	Names  []string `arg:"" optional:"" name:"name" sep:"none"`
}

const resolveUsage = "usage: kmodsh resolve [-d DIR] [-S KVER] [-C CONF] [--mode R|D] [--batch] NAME..."

// offline says whether resolve works on a module tree: when no target is
// named, or a flag that only makes sense for a tree is given.
func offline(targetNamed bool, words []string) bool {
	if slices.Contains(words, "-h") || slices.Contains(words, "--help") {
		return false
	}
	return !targetNamed || slices.ContainsFunc(words, func(w string) bool {
		return strings.HasPrefix(w, "-d") || strings.HasPrefix(w, "-S") || w == "--batch" || w == "--dir" || w == "--set-version"
	})
}

// resolve answers what names stand for in a module tree, as modprobe -R and -D
// do; without a mode it prints the table of the verb.
func (p *program) resolve(ctx context.Context, args []string) error {
	var g resolveFlags
	if err := parse("resolve", &g, args, resolveUsage); err != nil {
		return err
	}
	if len(g.Names) == 0 && !g.Batch {
		return &ops.UsageError{Verb: "resolve", Msg: "missing NAME", Hint: resolveUsage}
	}
	tree, err := p.moduleTree(g)
	if err != nil {
		return err
	}
	damaged := onceEach(os.Stderr)
	if g.Batch {
		if g.Mode == "" {
			g.Mode = ops.ModeNames
		}
		b := &batch{mode: g.Mode, dir: tree.Dir, open: func() (*kmod.Resolver, error) { return openTree(tree, damaged) }}
		return b.run(ctx, p.front.Out, io.MultiReader(strings.NewReader(lines(g.Names)), os.Stdin))
	}
	r, err := openTree(tree, damaged)
	if err != nil {
		return err
	}
	defer r.Tree().Close()
	if g.Mode == "" {
		g.Mode = ops.ModeTable
	}
	for _, n := range g.Names {
		if err := kernel.CheckAlias(n); err != nil {
			return &ops.UsageError{Verb: "resolve", Msg: err.Error()}
		}
	}
	res, err := ops.Resolve(r, tree.Dir, g.Mode, g.Names)
	if werr := ops.Write(p.front.Out, res, p.JSON, p.front.OutStyle); werr != nil {
		return werr
	}
	return err
}

// onceEach tells of errors, of those with the same words once. It may be called
// from any goroutine.
func onceEach(w io.Writer) func(error) {
	var mu sync.Mutex
	said := map[string]bool{}
	return func(err error) {
		mu.Lock()
		defer mu.Unlock()
		if text := err.Error(); !said[text] {
			said[text] = true
			fmt.Fprintf(w, "kmodsh: %s\n", text)
		}
	}
}

// openTree opens a tree of this system, as kmod's tools see it. Unlike them it
// says when there is none. damaged is told what is passed over.
func openTree(t kernel.Tree, damaged func(error)) (*kmod.Resolver, error) {
	config, err := kmod.ReadConfig(t.Config, t.Cmdline)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(t.Dir); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("module tree %s: %w: no such directory; is the kernel's module package installed?", t.Dir, kernel.ErrNotFound)
	}
	tree := kmod.OpenHostTree(t.Dir)
	tree.OnDamage(damaged)
	return kmod.NewResolver(tree, config), nil
}

// moduleTree finds the tree as modprobe does: DIR/lib/modules/KVER, where DIR
// is / and KVER the running kernel's unless told otherwise (modprobe(8)).
func (p *program) moduleTree(g resolveFlags) (kernel.Tree, error) {
	if g.Kver == "" {
		k, err := kernel.NewLinux()
		if err != nil {
			return kernel.Tree{}, &ops.UsageError{Verb: "resolve", Msg: "which kernel's modules? " + err.Error(), Hint: "name its release: -S KVER"}
		}
		g.Kver = k.Release()
	}
	if g.Kver == "." || g.Kver == ".." || strings.ContainsAny(g.Kver, "/\x00") {
		return kernel.Tree{}, &ops.UsageError{Verb: "resolve", Msg: fmt.Sprintf("%q is no kernel release", g.Kver)}
	}
	config := append(slices.Clone(p.Config), g.Config...)
	if len(config) == 0 {
		config = kmod.DefaultConfigPaths()
	}
	return kernel.Tree{
		Dir: filepath.Join(g.Dir, "lib/modules", g.Kver), Release: g.Kver, Config: config, Cmdline: kernel.Cmdline(),
	}, nil
}
