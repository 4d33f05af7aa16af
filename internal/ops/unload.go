package ops

import (
	"context"
	"io"

	"example.org/kmodsh/internal/kernel"
)

func unloadVerb() *Verb {
	return &Verb{
		Name: "unload", Aliases: []string{"remove", "rmmod"}, Group: groupModules,
		Short:    "unload a module",
		Usage:    "[--deps] [--holders] [--force] NAME",
		Needs:    []kernel.Op{kernel.OpUnload},
		New:      func() Command { return new(unloadCommand) },
		Examples: []string{"unload ext4", "unload --deps ext4", "unload --holders --deps snd_pcm"},
	}
}

type unloadCommand struct {
	Deps    bool   `help:"Then unload its dependencies that nobody else uses."`
	Holders bool   `help:"First unload the modules that depend on it."`
	Force   bool   `help:"Unload it even when it is in use (O_TRUNC); only kernels built with CONFIG_MODULE_FORCE_UNLOAD do."`
	Name    string `arg:"" help:"Module name or alias."`
}

func (c *unloadCommand) Run(ctx context.Context, s *Session) (Result, error) {
	if err := checkName(c.Name); err != nil {
		return nil, err
	}
	req := kernel.UnloadRequest{Name: c.Name, Force: c.Force, Deps: c.Deps, Holders: c.Holders}
	s.meet(c.Name)
	res, err := s.Target().Unload(ctx, req)
	if res.Name == "" {
		res.Name = c.Name
	}
	res.Steps = full(res.Steps)
	return &UnloadResult{res}, err
}

func (c *unloadCommand) Complete(s *Session, before []string, word string) []Candidate {
	if len(operands(before)) == 0 {
		return s.completeLoaded(word)
	}
	return nil
}

// UnloadResult is what became of an unload.
type UnloadResult struct {
	kernel.UnloadResult
}

// WriteText writes the steps and then the outcome.
func (r *UnloadResult) WriteText(w io.Writer, st Style) error {
	t := newText(w, st)
	t.steps(r.Steps)
	if r.State != "" {
		t.wrap("", 0, "afterwards "+r.Name+" is "+string(r.State))
	}
	return t.err
}
