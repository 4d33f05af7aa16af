package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
func (p *program) resolve(args []string) error {
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
	r, err := openTree(tree)
	if err != nil {
		return err
	}
	defer r.Tree().Close()
	if g.Batch {
		if g.Mode == "" {
			g.Mode = ops.ModeNames
		}
		return batch(p.front.Out, os.Stdin, r, tree.Dir, g)
	}
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

// openTree opens a tree of this system, as kmod's tools see it. Unlike them it
// says when there is none.
func openTree(t kernel.Tree) (*kmod.Resolver, error) {
	config, err := kmod.ReadConfig(t.Config, t.Cmdline)
	if err != nil {
		return nil, err
	}
	if st, err := os.Stat(t.Dir); err != nil || !st.IsDir() {
		return nil, fmt.Errorf("module tree %s: %w: no such directory; is the kernel's module package installed?", t.Dir, kernel.ErrNotFound)
	}
	tree := kmod.OpenHostTree(t.Dir)
	tree.OnDamage(func(err error) { fmt.Fprintf(os.Stderr, "kmodsh: %v\n", err) })
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

// maxBatchName bounds the length in bytes of a line of names; longer ones are
// no names, and get the empty line that says so.
const maxBatchName = 64 << 10

// batch reads names, one on each line, and writes one line for each: the
// modules separated by blanks, or the lines of mode D separated by tabs. A name
// that stands for nothing gives an empty line; only a tree that cannot be read
// is an error.
func batch(w io.Writer, in io.Reader, r *kmod.Resolver, dir string, g resolveFlags) error {
	out := bufio.NewWriter(w)
	answer := func(name string) error {
		lines, err := batchLines(r, dir, g.Mode, name)
		if err != nil {
			return err
		}
		sep := " "
		if g.Mode == ops.ModeSteps {
			sep = "\t"
		}
		out.WriteString(strings.Join(lines, sep))
		return out.WriteByte('\n')
	}
	for _, n := range g.Names {
		if err := answer(n); err != nil {
			return err
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(make([]byte, 0, 4096), maxBatchName)
	for lines.Scan() {
		if err := answer(strings.TrimSpace(lines.Text())); err != nil {
			return errors.Join(err, out.Flush())
		}
	}
	return errors.Join(lines.Err(), out.Flush())
}

func batchLines(r *kmod.Resolver, dir, mode, name string) (lines []string, err error) {
	switch mode {
	case ops.ModeSteps:
		lines, err = r.ShowDepends(name, dir, kmod.PlanOptions{})
	default:
		lines, err = r.ShowNames(name)
	}
	if errors.Is(err, kernel.ErrNotFound) || errors.Is(err, kernel.ErrInvalidName) {
		err = nil
	}
	return lines, err
}
