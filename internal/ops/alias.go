package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/kmod/alias"
)

func aliasVerb() *Verb {
	return &Verb{
		Name: "alias", Group: groupNames,
		Short:    "say what the name a kernel asks for means, field by field",
		Usage:    "[--tree DIR] NAME... | --check",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(aliasCommand) },
		Examples: []string{"alias net-pf-10-proto-58-type-3", "alias fs-ext4 crypto-aes binfmt-464c", "alias --check"},
	}
}

type aliasCommand struct {
	treeFlag
	Check bool     `help:"Go through all aliases of the tree and list those that have no known form."`
	Names []string `arg:"" optional:"" name:"name" sep:"none" help:"Alias, or pattern of aliases."`
}

// treeOptional: a name means the same without a tree, which only says who has it.
func (c *aliasCommand) treeOptional() bool { return !c.Check }

func (c *aliasCommand) Run(_ context.Context, s *Session) (Result, error) {
	if c.Check == (len(c.Names) > 0) {
		return nil, &UsageError{Verb: "alias", Msg: "give names, or --check and no names"}
	}
	r, done, noTree := s.resolverOf(c.Tree)
	if noTree != nil && (c.Check || c.Tree != "") {
		return nil, noTree
	}
	if noTree == nil {
		defer done()
	}
	if c.Check {
		return checkAliases(r)
	}
	res := &AliasResult{Names: []AliasMeaning{}}
	catalogue := alias.New()
	var errs []error
	for _, name := range c.Names {
		m, ok := catalogue.Explain(name)
		if !ok {
			errs = append(errs, fmt.Errorf("alias %s: it has no form that is known, and is no plain name", quoteShort(name)))
			m = alias.Meaning{Alias: name}
		}
		row := AliasMeaning{Meaning: m, Modules: []kmod.Found{}}
		switch {
		case noTree != nil:
			row.NoTree = noTree.Error()
		case ok:
			found, err := r.Resolve(name)
			if err != nil && !errors.Is(err, kernel.ErrNotFound) && !errors.Is(err, kernel.ErrInvalidName) {
				return nil, err
			}
			if row.Modules = full(found); len(found) == 0 {
				row.NoTree = r.Tree().NoAliases()
			}
		}
		res.Names = append(res.Names, row)
	}
	return res, errors.Join(errs...)
}

func (c *aliasCommand) Complete(s *Session, args []string, word string) []Candidate {
	return s.completeModulesIn(args, word)
}

// resolverOf returns the resolver of a module tree on this machine, or that of
// the target where none is named. done ends its use.
func (s *Session) resolverOf(dir string) (r *kmod.Resolver, done func(), err error) {
	if dir == "" {
		r, _, err = s.resolver()
		return r, func() {}, err
	}
	r, err = s.openResolver(kernel.Tree{Dir: dir})
	if err != nil {
		return nil, nil, err
	}
	return r, func() { r.Tree().Close() }, nil
}

// AliasResult explains names.
type AliasResult struct {
	Names []AliasMeaning `json:"names"`
}

// AliasMeaning is what one name means, and the modules it stands for here.
type AliasMeaning struct {
	alias.Meaning
	Modules []kmod.Found `json:"modules"`
	// NoTree is why the modules are not known, "" where they are.
	NoTree string `json:"no_tree,omitempty"`
}

// WriteText writes a paragraph for each name.
func (r *AliasResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	for i, n := range r.Names {
		if i > 0 {
			t.print("\n")
		}
		t.alias(n)
	}
	return t.err
}

func (t *text) alias(n AliasMeaning) {
	if n.Format == "" {
		t.wrap("", 0, n.Alias+": no known form")
		return
	}
	t.wrap("", 2, n.Alias+": "+n.What)
	width := len("asked by")
	for _, f := range n.Fields {
		width = max(width, len(f.Name))
	}
	row := func(head, s string) {
		if s != "" {
			t.wrap(fmt.Sprintf("  %-*s  ", width, head), width+4, s)
		}
	}
	if !n.Name {
		row("form", n.Format)
	}
	for _, f := range n.Fields {
		v := f.Value
		if f.Text != "" {
			v += " (" + f.Text + ")"
		}
		row(f.Name, v)
	}
	row("asked by", n.Asks)
	row("when", n.Trigger)
	row("needs", n.Needs)
	row("note", n.Note)
	if n.NoTree != "" {
		row("here", "not known: "+n.NoTree)
		return
	}
	here := modulesText(n.Modules)
	if len(n.Modules) > 0 && n.Modules[0].Via == kmod.ViaName && !n.Name {
		here += ", by its own name, so that whoever knows it may ask for it otherwise, too"
	}
	row("here", here)
}

// modulesText says in words what a name stands for.
func modulesText(found []kmod.Found) string {
	var parts []string
	for _, f := range found {
		s := f.Module
		switch {
		case f.Builtin:
			s += " (built in)"
		case f.File != "":
			s += " (" + f.File + ")"
		default:
			s += " (no file)"
		}
		if f.Where != "" {
			s += ", by " + f.Where
		}
		if f.Blacklisted {
			s += ", passed over: blacklisted at " + f.BlacklistedBy
		}
		parts = append(parts, s)
	}
	if len(parts) == 0 {
		return "nothing in this tree answers it"
	}
	return strings.Join(parts, "; ")
}

// checkAliases holds the catalogue against all aliases of a tree.
func checkAliases(r *kmod.Resolver) (*AliasCheckResult, error) {
	res := &AliasCheckResult{Tree: r.Tree().Dir(), Forms: []AliasCount{}, Unknown: []AliasOf{}}
	catalogue := alias.New()
	counts := map[string]*AliasCount{}
	err := r.EachModuleAlias(func(name, module string) bool {
		res.Aliases++
		m, ok := catalogue.Explain(name)
		switch {
		case !ok:
			res.Unknown = append(res.Unknown, AliasOf{name, module})
			return true
		case m.Name:
			res.Plain++
			return true
		}
		c := counts[m.Format]
		if c == nil {
			c = &AliasCount{Form: m.Format, What: m.What}
			counts[m.Format] = c
		}
		c.Aliases++
		return true
	})
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		res.Forms = append(res.Forms, *c)
	}
	slices.SortFunc(res.Forms, func(a, b AliasCount) int {
		return cmp.Or(cmp.Compare(b.Aliases, a.Aliases), cmp.Compare(a.Form, b.Form))
	})
	if n := len(res.Unknown); n > 0 {
		return res, fmt.Errorf("alias --check: %d of %d aliases of %s have no known form", n, res.Aliases, res.Tree)
	}
	if no := r.Tree().NoAliases(); no != "" {
		return res, errors.New("alias --check: " + no)
	}
	return res, nil
}

// AliasCheckResult says how the catalogue fits a tree.
type AliasCheckResult struct {
	Tree    string       `json:"tree"`
	Aliases int          `json:"aliases"`
	Forms   []AliasCount `json:"forms"`
	Plain   int          `json:"plain_names"` // aliases that are only other names
	Unknown []AliasOf    `json:"unknown"`
}

// AliasCount is a form and how many aliases have it.
type AliasCount struct {
	Form    string `json:"form"`
	What    string `json:"what"`
	Aliases int    `json:"aliases"`
}

// AliasOf is an alias and whose it is.
type AliasOf struct {
	Alias  string `json:"alias"`
	Module string `json:"module"`
}

// WriteText writes the forms by how common they are, then what has none.
func (r *AliasCheckResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	var rows [][]cell
	for _, f := range r.Forms {
		head, _, _ := strings.Cut(f.Form, "{")
		rows = append(rows, []cell{str(fmt.Sprint(f.Aliases)), str(cmp.Or(head, f.Form)), str(f.What)})
	}
	t.table(rows)
	t.wrap("", 0, fmt.Sprintf("%d aliases in %s: %d of %d forms, %d plain names (other names of modules), %d without a known form",
		r.Aliases, r.Tree, r.Aliases-r.Plain-len(r.Unknown), len(r.Forms), r.Plain, len(r.Unknown)))
	for _, u := range r.Unknown {
		t.wrap("  ", 4, u.Alias+" of "+u.Module)
	}
	return t.err
}
