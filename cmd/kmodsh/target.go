package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"example.org/kmodsh/internal/bundle"
	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/sim"
)

// The kernels that the target vm stands for, best first. The first is fetched
// when none is there.
func preferred() []string { return []string{"6.12", "6.1"} }

// openTarget opens a target by its name.
func (p *program) openTarget(ctx context.Context, name string, progress ops.Progress) (kernel.Target, error) {
	kind, spec, _ := strings.Cut(name, ":")
	switch {
	case kind == "sim":
		if p.Kernel != "" {
			return nil, &ops.UsageError{Msg: "--kernel goes with --on vm, not with " + name}
		}
		if p.Tree != "" {
			return opened(sim.OpenTree(spec, p.Tree, p.Config...))
		}
		return opened(sim.Open(spec, p.Config...))
	case kind == "trace" && spec != "":
		return opened(recording.Open(spec))
	case kind == "bundle" && spec != "":
		return opened(bundle.Open(spec))
	case p.Tree != "":
		return nil, &ops.UsageError{Msg: "--tree goes with --on sim, not with " + name}
	case name == "host":
		return opened(lab.OpenHost(lab.HostOptions{Yes: p.Yes, Config: p.Config}))
	case name == "vm" && p.Kernel != "":
		return opened(lab.Open(ctx, "", p.labOptions(progress)))
	case name == "vm":
		spec, err := p.bestKernel(ctx, progress)
		if err != nil {
			return nil, err
		}
		return opened(lab.Open(ctx, spec, p.labOptions(progress)))
	case kind == "vm" && spec != "":
		if p.Kernel != "" {
			return nil, &ops.UsageError{Msg: "--kernel goes with --on vm, not with " + name}
		}
		if series, kept, ok := strings.Cut(spec, "@"); ok {
			return opened(lab.OpenKept(ctx, series, kept, p.labOptions(progress)))
		}
		if err := p.haveKernel(ctx, spec, progress); err != nil {
			return nil, err
		}
		return opened(lab.Open(ctx, spec, p.labOptions(progress)))
	}
	return nil, fmt.Errorf("there is no target called so; targets are sim, sim:PROFILE (such as sim:v6.12), vm, vm:KERNEL (such as vm:6.12), vm:KERNEL@NAME for a machine that was kept, host, trace:FILE and bundle:FILE")
}

// opened makes a target of one that could be opened. A nil pointer in the
// interface would be taken for a target.
func opened[T kernel.Target](t T, err error) (kernel.Target, error) {
	if err != nil {
		return nil, err
	}
	return t, nil
}

func (p *program) labOptions(progress ops.Progress) lab.Options {
	return lab.Options{Stepped: p.stepped, Kernel: p.Kernel, Modules: p.Modules, Config: p.Config, CheckpointSpace: int64(p.Budget) << 20, Progress: labProgress(progress)}
}

// labProgress passes the lab's steps on.
func labProgress(progress ops.Progress) lab.Progress {
	return func(s lab.Step) { progress(strings.TrimSpace(s.Name+" "+s.Text), s.Done, s.Total) }
}

// missing says what is not here of a machine that a file names, and the command
// that gets it.
func (p *program) missing(name string, driver bool) error {
	spec, kept, isKept := strings.Cut(strings.TrimPrefix(name, "vm:"), "@")
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	if isKept {
		if !slices.ContainsFunc(c.Kept(), func(k lab.KeptMachine) bool { return k.Target == name }) {
			return fmt.Errorf("it begins at the moment %s, which was kept on the machine where it was recorded and is not here", kept)
		}
		return nil
	}
	if err := lab.MissingTools(); err != nil {
		return err
	}
	k, err := c.Find(spec)
	if err != nil {
		if lab.FetchHint(spec) == "" {
			return fmt.Errorf("%w; a kernel of your own: kmodsh --kernel PATH --modules DIR replay --on vm FILE", err)
		}
		if driver && errors.Is(err, kernel.ErrNotFound) {
			err = fmt.Errorf("%w, and then its test driver: kmodsh lab driver build %s", err, spec)
		}
		return err
	}
	if driver {
		_, err = c.FindDriver(k)
	}
	return err
}

// bestKernel returns the kernel that the target vm stands for.
func (p *program) bestKernel(ctx context.Context, progress ops.Progress) (string, error) {
	if err := lab.Install(ctx, p.announce("install", progress)); err != nil {
		return "", err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return "", err
	}
	for _, spec := range preferred() {
		if _, err := c.Find(spec); err == nil {
			return spec, nil
		} else if !errors.Is(err, kernel.ErrNotFound) {
			return "", err
		}
	}
	best := preferred()[0]
	_, err = c.Fetch(ctx, best, p.announce("fetch", progress))
	return best, err
}

// haveKernel installs the tools and fetches the kernel that a person named,
// where they are missing and can be got.
func (p *program) haveKernel(ctx context.Context, spec string, progress ops.Progress) error {
	if err := lab.Install(ctx, p.announce("install", progress)); err != nil {
		return err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	if _, err = c.Find(spec); err == nil || !errors.Is(err, kernel.ErrNotFound) || lab.FetchHint(spec) == "" {
		return err
	}
	_, err = c.Fetch(ctx, spec, p.announce("fetch", progress))
	return err
}

// announce says in a line of its own, once, what is being got for the person,
// since it takes long and changes the machine or its disk.
func (p *program) announce(what string, progress ops.Progress) lab.Progress {
	said := map[string]bool{}
	pass := labProgress(progress)
	return func(s lab.Step) {
		if !said[s.Name] && s.Text != "" && !p.JSON && !p.onScreen {
			said[s.Name] = true
			fmt.Fprintf(os.Stderr, "\r\x1b[K"[:p.lineStart()]+"%s: %s %s\n", what, s.Name, s.Text)
		}
		pass(s)
	}
}

// lineStart is how much of the sequence that clears a line to write: all of it
// where a meter may have left one.
func (p *program) lineStart() int {
	if p.front.Meter != nil {
		return len("\r\x1b[K")
	}
	return 0
}

// targets lists what can be named as a target.
func (p *program) targets() []ops.Candidate {
	list := []ops.Candidate{{Text: "sim", Note: "a simulated kernel, the newest profile"}}
	for _, profile := range sim.Profiles() {
		list = append(list, ops.Candidate{Text: "sim:" + profile.Name, Note: "a simulated kernel"})
	}
	list = append(list, []ops.Candidate{{Text: "vm", Note: "the best kernel there is, in a machine of its own"}, {Text: "host", Note: "this machine's own kernel"}}...)
	c, err := lab.OpenCache("")
	if err != nil {
		return list
	}
	kernels, err := c.Kernels()
	if err != nil {
		return list
	}
	for _, k := range kernels {
		list = append(list, ops.Candidate{Text: "vm:" + k.Name, Note: k.Release + ", " + k.Source})
	}
	return list
}
