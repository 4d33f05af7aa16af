package ops

import (
	"context"
	"errors"
	"io"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
)

func builtinVerb() *Verb {
	return &Verb{
		Name: "builtin", Group: groupNames,
		Short:    "say whether modules are part of the kernel image",
		Usage:    "NAME...",
		Needs:    []kernel.Op{kernel.OpTree},
		New:      func() Command { return new(builtinCommand) },
		Examples: []string{"builtin ext4", "builtin loop virtio_blk"},
	}
}

type builtinCommand struct {
	Names []string `arg:"" name:"name" sep:"none" help:"Module name or alias."`
}

func (c *builtinCommand) Run(_ context.Context, s *Session) (Result, error) {
	for _, n := range c.Names {
		if err := checkName(n); err != nil {
			return nil, err
		}
	}
	r, _, err := s.resolver()
	if err != nil {
		return nil, err
	}
	res := &BuiltinResult{Names: []BuiltinRow{}}
	var errs []error
	for _, n := range c.Names {
		rows, err := builtinRows(r, n)
		if err != nil {
			errs = append(errs, err)
		}
		res.Names = append(res.Names, rows...)
	}
	return res, errors.Join(errs...)
}

// builtinRows looks a name up: itself when it is a module, else the modules it
// stands for.
func builtinRows(r *kmod.Resolver, name string) ([]BuiltinRow, error) {
	found, err := r.Resolve(name)
	if err != nil {
		return nil, err
	}
	var rows []BuiltinRow
	for _, f := range found {
		rows = append(rows, BuiltinRow{Name: name, Module: f.Module, Builtin: f.Builtin, File: f.File})
	}
	return rows, nil
}

func (c *builtinCommand) Complete(s *Session, _ []string, word string) []Candidate {
	return s.completeModules(word)
}

// BuiltinResult answers for each name.
type BuiltinResult struct {
	Names []BuiltinRow `json:"names"`
}

// BuiltinRow is the answer for one module.
type BuiltinRow struct {
	Name    string `json:"name"`
	Module  string `json:"module"`
	Builtin bool   `json:"builtin"`
	File    string `json:"file,omitempty"` // of a loadable module
}

// WriteText writes a table.
func (r *BuiltinResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	var rows [][]cell
	for _, n := range r.Names {
		name := n.Name
		if kernel.Normalize(name) != n.Module {
			name = shorten(name) + " is " + n.Module
		}
		what := str("a loadable module, " + n.File)
		if n.Builtin {
			what = painted("builtin", cyan)
		}
		rows = append(rows, []cell{str(name), what})
	}
	t.table(rows)
	return t.err
}
