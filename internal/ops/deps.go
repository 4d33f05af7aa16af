package ops

import (
	"context"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

func depsVerb() *Verb {
	return &Verb{
		Name: "deps", Aliases: []string{"tree"}, Group: groupNames,
		Short:    "show what a module depends on, as a tree",
		Usage:    "[--all] [--reverse] NAME",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(depsCommand) },
		Examples: []string{"deps ext4", "deps --all snd_hda_intel", "deps --reverse crc32c_generic"},
	}
}

type depsCommand struct {
	All     bool   `short:"a" help:"A flat list in the order of loading, instead of the tree."`
	Reverse bool   `short:"r" help:"The modules of the tree that depend on it, instead."`
	Name    string `arg:"" help:"Module name, or an alias that stands for one module."`
}

func (c *depsCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	r, _, err := s.resolver()
	if err != nil {
		return nil, err
	}
	name, err := oneModule(r, c.Name)
	if err != nil {
		return nil, err
	}
	res := &DepsResult{Module: name, flat: c.All || c.Reverse, reverse: c.Reverse}
	direct, all, err := r.Deps(name)
	if err != nil {
		return nil, err
	}
	res.Direct, res.All, res.Users = full(direct), full(all), []string{}
	if c.Reverse {
		users, err := r.Users(name)
		if err != nil {
			return nil, err
		}
		res.Users = full(users)
		return res, nil
	}
	res.Tree, err = depTree(ctx, r, direct, map[string]bool{}, 0)
	return res, err
}

// oneModule returns the module that a name stands for.
func oneModule(r *kmod.Resolver, name string) (string, error) {
	found, err := r.Resolve(name)
	if err != nil {
		return "", err
	}
	if len(found) == 1 {
		return found[0].Module, nil
	}
	var names []string
	for _, f := range found {
		if f.Module == kernel.Normalize(name) {
			return f.Module, nil
		}
		names = append(names, f.Module)
	}
	return "", &UsageError{Msg: quoteShort(name) + " stands for several modules; choose one: " + strings.Join(names, ", ")}
}

// maxDepth bounds the depth of a tree against indexes that go round in
// circles; real trees have about ten levels.
const maxDepth = 64

// depTree makes the tree of modules. One that was shown with its dependencies
// before is shown without them.
func depTree(ctx context.Context, r *kmod.Resolver, modules []string, seen map[string]bool, depth int) ([]DepNode, error) {
	var nodes []DepNode
	for _, m := range modules {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		direct, _, err := r.Deps(m)
		if err != nil {
			return nil, err
		}
		n := DepNode{Module: m}
		if seen[m] || depth == maxDepth {
			n.Again = len(direct) > 0
		} else {
			seen[m] = true
			if n.Deps, err = depTree(ctx, r, direct, seen, depth+1); err != nil {
				return nil, err
			}
		}
		nodes = append(nodes, n)
	}
	return nodes, nil
}

func (c *depsCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) > 0 {
		return nil
	}
	return s.completeModules(word)
}

// DepsResult is what a module depends on, and with --reverse what depends on
// it.
type DepsResult struct {
	Module string    `json:"module"`
	Direct []string  `json:"direct"`
	All    []string  `json:"all"`   // in the order of loading
	Users  []string  `json:"users"` // only with --reverse, direct and indirect, sorted
	Tree   []DepNode `json:"tree,omitempty"`

	flat    bool
	reverse bool
}

// DepNode is a branch of the tree of dependencies.
type DepNode struct {
	Module string    `json:"module"`
	Deps   []DepNode `json:"deps,omitempty"`
	Again  bool      `json:"again,omitempty"` // its own are shown where it comes first
}

// WriteText writes the tree, or the list.
func (r *DepsResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	switch {
	case r.reverse && len(r.Users) == 0:
		t.line("no module of the tree depends on %s", r.Module)
	case r.reverse:
		t.wrap("", 0, strings.Join(r.Users, " "))
	case r.flat:
		for _, m := range slices.Concat(r.All, []string{r.Module}) {
			t.print(clean(m, st.ASCII) + "\n")
		}
	default:
		t.print(t.paint(bold, clean(r.Module, st.ASCII)) + "\n")
		t.tree(r.Tree, "")
	}
	return t.err
}

// tree writes branches with lines between them.
func (t *text) tree(nodes []DepNode, indent string) {
	mid, end, bar := "├─ ", "└─ ", "│  "
	if t.st.ASCII {
		mid, end, bar = "|- ", "`- ", "|  "
	}
	for i, n := range nodes {
		head, next := mid, bar
		if i == len(nodes)-1 {
			head, next = end, "   "
		}
		mark := ""
		if n.Again {
			mark = " (as above)"
		}
		t.print(indent + head + clean(n.Module, t.st.ASCII) + mark + "\n")
		t.tree(n.Deps, indent+next)
	}
}
