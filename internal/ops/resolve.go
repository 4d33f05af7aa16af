package ops

import (
	"context"
	"errors"
	"io"
	"path"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

func resolveVerb() *Verb {
	return &Verb{
		Name: "resolve", Group: groupNames,
		Short:    "show which modules a name or alias stands for, and by which rule",
		Usage:    "[--mode table|R|D] NAME...",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(resolveCommand) },
		Examples: []string{"resolve ext4", "resolve fs-xfs net-pf-38", "resolve --mode D snd_hda_intel"},
	}
}

// The forms resolve answers in.
const (
	ModeTable = "table" // a table for people
	ModeNames = "R"     // as modprobe -R: names of modules
	ModeSteps = "D"     // as modprobe -D: what would be done
)

type resolveCommand struct {
	Mode  string   `help:"table shows file and rule; R prints names as modprobe -R does, D what would be done as modprobe -D does." enum:"table,R,D" default:"table" placeholder:"MODE"`
	Names []string `arg:"" name:"name" sep:"none" help:"Module name or alias."`
}

func (c *resolveCommand) Run(_ context.Context, s *Session) (Result, error) {
	for _, n := range c.Names {
		if err := checkName(n); err != nil {
			return nil, err
		}
	}
	r, tree, err := s.resolver()
	if err != nil {
		return nil, err
	}
	return Resolve(r, guestDir(tree), c.Mode, c.Names)
}

// guestDir is where the target itself has its tree: the place modprobe names.
func guestDir(t kernel.Tree) string {
	if t.Release == "" {
		return t.Dir
	}
	return path.Join("/lib/modules", t.Release)
}

func (c *resolveCommand) Complete(s *Session, _ []string, word string) []Candidate {
	return s.completeModules(word)
}

// Resolve answers the verb resolve over any resolver. dir is the directory of
// the tree as mode D prints it. The error joins what went wrong with each name
// and comes with what the others stand for.
func Resolve(r *kmod.Resolver, dir, mode string, names []string) (*ResolveResult, error) {
	res := &ResolveResult{Mode: mode, Names: []ResolvedName{}}
	var errs []error
	for _, name := range names {
		row := ResolvedName{Name: name, Modules: []kmod.Found{}}
		found, err := r.Resolve(name)
		if err == nil {
			row.Modules = full(found)
			row.Lines, err = modprobeLines(r, dir, mode, name)
		}
		if err != nil {
			row.Error = err.Error()
			errs = append(errs, err)
		}
		res.Names = append(res.Names, row)
	}
	return res, errors.Join(errs...)
}

// modprobeLines is what modprobe would print.
func modprobeLines(r *kmod.Resolver, dir, mode, name string) ([]string, error) {
	switch mode {
	case ModeNames:
		return r.ShowNames(name)
	case ModeSteps:
		return r.ShowDepends(name, dir, kmod.PlanOptions{})
	}
	return nil, nil
}

// ResolveResult says what names stand for.
type ResolveResult struct {
	Mode  string         `json:"mode"`
	Names []ResolvedName `json:"names"`
}

// ResolvedName is one name and the modules it stands for, in modprobe's order.
type ResolvedName struct {
	Name    string       `json:"name"`
	Modules []kmod.Found `json:"modules"`
	Lines   []string     `json:"lines,omitempty"` // of mode R and D
	Error   string       `json:"error,omitempty"`
}

// WriteText writes a table, or modprobe's lines as they are; on a terminal what
// it could take for commands is made visible, for install lines hold anything.
func (r *ResolveResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if r.Mode != ModeTable {
		for _, n := range r.Names {
			for _, l := range n.Lines {
				if st.Width > 0 {
					l = clean(l, st.ASCII)
				}
				t.print(l + "\n")
			}
		}
		return t.err
	}
	rows := [][]cell{header("name", "module", "rule", "file")}
	var notes [][]string
	for _, n := range r.Names {
		for _, m := range n.Modules {
			file := m.File
			if m.Builtin {
				file = "builtin"
			}
			rows = append(rows, []cell{str(shorten(n.Name)), str(m.Module), str(m.Via), str(file)})
			notes = append(notes, foundNotes(n.Name, m))
		}
	}
	if len(rows) == 1 {
		return nil
	}
	t.tableWith(rows, func(i int) []string {
		if i == 0 {
			return nil
		}
		return notes[i-1]
	})
	return t.err
}

// shorten cuts long aliases of devices for the first column.
func shorten(name string) string {
	if len(name) > 24 {
		return name[:21] + "..."
	}
	return name
}

// foundNotes says what else bears on a module that was found.
func foundNotes(name string, m kmod.Found) []string {
	var notes []string
	switch {
	case m.Where != "":
		notes = append(notes, "by the alias "+m.Pattern+" in "+m.Where)
	case m.Pattern != "" && m.Pattern != kernel.Normalize(name):
		notes = append(notes, "by the pattern "+m.Pattern)
	}
	switch {
	case m.Blacklisted:
		notes = append(notes, "passed over: blacklisted in "+m.BlacklistedBy)
	case m.BlacklistedBy != "":
		notes = append(notes, "blacklisted in "+m.BlacklistedBy+", which has no effect on a module's own name")
	}
	return notes
}
