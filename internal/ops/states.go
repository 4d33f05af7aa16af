package ops

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

func statesVerb() *Verb {
	return &Verb{
		Name: "states", Aliases: []string{"lsmod", "ls"}, Group: groupLook,
		Short:    "show modules with their states, sizes, references and users",
		Usage:    "[--state STATE,...] [--sort COLUMN] [--reverse] [PATTERN...]",
		Needs:    []kernel.Op{kernel.OpModules},
		New:      func() Command { return new(statesCommand) },
		Examples: []string{"states", "states ext4", "states 'snd*' 'sound*'", "states --state coming,going", "states --sort size"},
	}
}

type statesCommand struct {
	State    []string `help:"Only modules in these states: live, coming, going, unformed, absent, builtin." placeholder:"STATE,..."`
	Sort     string   `help:"Sort by module, state, refs, size or users: the greatest first, but names from a on, and the states that pass before those that stay." placeholder:"COLUMN"`
	Reverse  bool     `help:"The other way round."`
	Patterns []string `arg:"" optional:"" name:"pattern" sep:"none" help:"Module names; * ? and [a-z] stand for characters. A name without them is shown also when no such module is loaded."`
}

func (c *statesCommand) Run(ctx context.Context, s *Session) (Result, error) {
	var states []trace.State
	for _, w := range c.State {
		st := trace.State(w)
		if !st.Valid() {
			return nil, &UsageError{Msg: quoteShort(w) + " is no module state; states are live, coming, going, unformed, absent, builtin"}
		}
		states = append(states, st)
	}
	patterns := make([]string, len(c.Patterns))
	for i, p := range c.Patterns {
		patterns[i] = kernel.Normalize(p)
		if _, err := path.Match(patterns[i], ""); err != nil {
			return nil, &UsageError{Msg: quoteShort(p) + " is no pattern: " + err.Error()}
		}
	}
	t := s.Target()
	list, err := t.Modules(ctx)
	if err != nil {
		return nil, err
	}
	rows := pickModules(list, patterns)
	rows = append(rows, s.missing(list, patterns)...)
	if len(states) > 0 {
		rows = slices.DeleteFunc(rows, func(m kernel.Module) bool { return !slices.Contains(states, m.State) })
	}
	if err := sortModules(rows, c.Sort); err != nil {
		return nil, err
	}
	if c.Reverse {
		slices.Reverse(rows)
	}
	for i := range rows {
		rows[i].Users = full(rows[i].Users)
	}
	return &StatesResult{Target: t.Name(), Modules: full(rows)}, nil
}

// sortModules sorts by a column; "" leaves the kernel's own order.
func sortModules(rows []kernel.Module, column string) error {
	by, ok := map[string]func(a, b kernel.Module) int{
		"":       func(a, b kernel.Module) int { return 0 },
		"module": func(a, b kernel.Module) int { return strings.Compare(a.Name, b.Name) },
		"state":  func(a, b kernel.Module) int { return trace.CompareStates(a.State, b.State) },
		"refs":   func(a, b kernel.Module) int { return cmp.Compare(b.Refs, a.Refs) },
		"size":   func(a, b kernel.Module) int { return cmp.Compare(b.Size, a.Size) },
		"users":  func(a, b kernel.Module) int { return cmp.Compare(len(b.Users), len(a.Users)) },
	}[column]
	if !ok {
		return &UsageError{Msg: quoteShort(column) + " is no column to sort by; they are module, state, refs, size, users"}
	}
	slices.SortStableFunc(rows, by)
	return nil
}

// pickModules returns the modules that a pattern fits, all without patterns.
func pickModules(list []kernel.Module, patterns []string) []kernel.Module {
	if len(patterns) == 0 {
		return slices.Clone(list)
	}
	var rows []kernel.Module
	for _, m := range list {
		if slices.ContainsFunc(patterns, func(p string) bool { ok, _ := path.Match(p, m.Name); return ok }) {
			rows = append(rows, m)
		}
	}
	return rows
}

// missing makes rows of the plain names among patterns that no loaded module
// has: built in where the tree says so, else absent.
func (s *Session) missing(list []kernel.Module, patterns []string) []kernel.Module {
	var rows []kernel.Module
	for _, p := range patterns {
		if strings.ContainsAny(p, `*?[\`) || slices.ContainsFunc(list, func(m kernel.Module) bool { return m.Name == p }) {
			continue
		}
		rows = append(rows, kernel.Module{Name: p, State: s.unloadedState(p)})
	}
	return rows
}

func (c *statesCommand) Complete(s *Session, before []string, word string) []Candidate {
	return s.completeLoaded(word)
}

// StatesResult is a module list.
type StatesResult struct {
	Target  string          `json:"target"`
	Modules []kernel.Module `json:"modules"`
}

// WriteText writes the list as a table.
func (r *StatesResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	if len(r.Modules) == 0 {
		t.line("no modules")
		return t.err
	}
	rows := [][]cell{header("module", "state", "refs", "size", "used by")}
	for _, m := range r.Modules {
		refs, size := fmt.Sprint(m.Refs), fmt.Sprint(m.Size)
		if m.State == trace.Absent || m.State == trace.Builtin {
			refs, size = "-", "-"
		}
		used := strings.Join(m.Users, " ")
		if m.Permanent {
			used = strings.TrimSpace(used + " [permanent]")
		}
		if m.Taints != "" {
			used = strings.TrimSpace(used + " (" + m.Taints + ")")
		}
		rows = append(rows, []cell{
			str(m.Name), painted(string(m.State), stateColor(m.State)), number(refs), number(size), str(used),
		})
	}
	t.table(rows)
	return t.err
}
