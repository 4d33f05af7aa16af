package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/ops"
)

// labDriver is the part about the test driver: "driver build [KERNEL]...".
func (p *program) labDriver(ctx context.Context, args []string) error {
	if len(args) == 0 || args[0] != "build" {
		return &ops.UsageError{Verb: "lab driver", Msg: "what of it?", Hint: labUsage}
	}
	var g struct {
		Kernel []string `arg:"" optional:"" sep:"none"`
	}
	if err := parse("lab driver build", &g, args[1:], labUsage); err != nil {
		return err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	kernels, err := p.driverKernels(c, g.Kernel)
	if err != nil {
		return err
	}
	for _, k := range kernels {
		stop := p.front.Meter.Start("building the test driver for " + k.Release)
		d, err := c.BuildDriver(ctx, k, labProgress(p.session.Progress))
		if err == nil {
			err = c.BuildTests(ctx, k, labProgress(p.session.Progress))
		}
		stop()
		if err != nil {
			return fmt.Errorf("test driver for %s: %w", k.Release, err)
		}
		how := "was built before"
		if d.Built {
			how = "built"
		}
		if err := p.print(d, func(w io.Writer) { fmt.Fprintf(w, "%s: %s by %s\n", d.Kernel, how, d.Compiler) }); err != nil {
			return err
		}
	}
	return nil
}

// driverKernels returns the kernels that are meant: those named, the one of
// --kernel, else all that were fetched.
func (p *program) driverKernels(c *lab.Cache, names []string) ([]lab.Kernel, error) {
	var list []lab.Kernel
	for _, name := range names {
		k, err := c.Find(strings.TrimPrefix(name, "vm:"))
		if err != nil {
			return nil, err
		}
		list = append(list, k)
	}
	if len(names) > 0 {
		return list, nil
	}
	if p.Kernel != "" {
		k, err := lab.KernelFromPath(p.Kernel, p.Modules)
		return []lab.Kernel{k}, err
	}
	all, err := c.Kernels()
	if err != nil {
		return nil, err
	}
	for _, k := range all {
		if k.Source == lab.SourceFetched {
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no fetched kernel here to build the test driver for; get one: %s", lab.FetchHint("6.12"))
	}
	return list, nil
}
