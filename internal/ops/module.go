package ops

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/kmod"
	"example.org/kmodsh/internal/trace"
)

// ModuleInfo is what there is to know of a module in a target.
type ModuleInfo struct {
	Target string `json:"target"`
	kernel.Module
	File string   `json:"file,omitempty"` // relative to the module tree
	Deps []string `json:"deps"`           // what it depends on, directly
	// Modinfo is what the module says of itself, each field apart, for machines:
	// modinfo(8) shows it to people.
	Modinfo []kmod.InfoField `json:"modinfo,omitempty"`
	// Facts are what else a target knows of it, such as a bundle's versions and
	// parameters.
	Facts []kernel.Fact `json:"facts,omitempty"`
}

func (s *Session) infoModule(ctx context.Context, what string) (Result, error) {
	if err := checkName(what); err != nil {
		return nil, err
	}
	t := s.Target()
	if t == nil {
		return nil, ErrNoTarget
	}
	if err := t.Can(kernel.OpModules); err != nil {
		return nil, err
	}
	list, err := t.Modules(ctx)
	if err != nil {
		return nil, err
	}
	name := s.moduleNamed(what)
	r := &ModuleInfo{Target: t.Name(), Deps: []string{}}
	r.Module = kernel.Module{Name: name, State: trace.Absent, Users: []string{}}
	for _, m := range list {
		if m.Name == name {
			r.Module = m
		}
	}
	if f, ok := t.(interface{ ModuleFacts(string) []kernel.Fact }); ok {
		r.Facts = f.ModuleFacts(name)
	}
	return r, s.addTree(r)
}

// moduleNamed is the module that a name or alias stands for; the name itself,
// as the kernel writes it, where the tree does not know it.
func (s *Session) moduleNamed(what string) string {
	if r, _, err := s.resolver(); err == nil {
		if name, err := oneModule(r, what); err == nil {
			return kernel.Normalize(name)
		}
	}
	return kernel.Normalize(what)
}

// WriteText writes one fact on each line.
func (r *ModuleInfo) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	facts := []kernel.Fact{{Name: "module", Value: r.Name}, {Name: "target", Value: r.Target}, {Name: "state", Value: string(r.State)}}
	if r.State != trace.Absent && r.State != trace.Builtin {
		facts = append(facts,
			kernel.Fact{Name: "references", Value: fmt.Sprint(r.Refs)},
			kernel.Fact{Name: "size", Value: fmt.Sprintf("%d bytes", r.Size)})
	}
	if r.Permanent {
		facts = append(facts, kernel.Fact{Name: "permanent", Value: "it cannot be unloaded"})
	}
	facts = append(facts, r.Facts...)
	t.facts(append(facts,
		kernel.Fact{Name: "used by", Value: strings.Join(r.Users, " ")},
		kernel.Fact{Name: "taints", Value: r.Taints},
		kernel.Fact{Name: "file", Value: r.File},
		kernel.Fact{Name: "depends on", Value: strings.Join(r.Deps, " ")},
		kernel.Fact{Name: "means", Value: stateSays(r.State)}))
	return t.err
}
