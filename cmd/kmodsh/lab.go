package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"time"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/lab"
	"example.org/kmodsh/internal/ops"
)

const labUsage = "usage: kmodsh lab fetch SERIES... | list | doctor | boot KERNEL [--exit] | driver build [KERNEL]..."

// lab is the part of the command line about kernels to boot.
func (p *program) lab(ctx context.Context, args []string) error {
	if len(args) == 0 {
		return &ops.UsageError{Verb: "lab", Msg: "what of it?", Hint: labUsage}
	}
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	switch words := args[1:]; args[0] {
	case "fetch":
		return p.labFetch(ctx, words)
	case "list":
		return p.labList(words)
	case "doctor":
		return p.labDoctor(ctx, words)
	case "boot":
		return p.labBoot(ctx, words)
	case "driver":
		return p.labDriver(ctx, words)
	case "-h", "--help", "help":
		_, err := fmt.Fprintln(p.front.Out, labUsage)
		return err
	}
	return &ops.UsageError{Verb: "lab", Msg: fmt.Sprintf("there is no %q", args[0]), Hint: labUsage}
}

func (p *program) labFetch(ctx context.Context, args []string) error {
	var g struct {
		Series []string `arg:"" sep:"none"`
	}
	if err := parse("lab fetch", &g, args, labUsage); err != nil {
		return err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	if err := lab.Install(ctx, p.announce("install", p.session.Progress)); err != nil {
		return err
	}
	for _, s := range g.Series {
		stop := p.front.Meter.Start("fetching " + s)
		k, err := c.Fetch(ctx, s, labProgress(p.session.Progress))
		stop()
		if err != nil {
			return fmt.Errorf("fetching %s: %w", s, err)
		}
		if err := p.print(k, func(w io.Writer) {
			fmt.Fprintf(w, "%s: %s (%s %s)\n", s, k.Release, k.Package, k.Version)
		}); err != nil {
			return err
		}
	}
	return nil
}

// print writes a value as JSON, or what text writes of it.
func (p *program) print(v any, text func(io.Writer)) error {
	if p.JSON {
		return json.NewEncoder(p.front.Out).Encode(v)
	}
	text(p.front.Out)
	return nil
}

func (p *program) labList(args []string) error {
	if err := parse("lab list", &struct{}{}, args, labUsage); err != nil {
		return err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	kernels, err := c.Kernels()
	if err != nil {
		return err
	}
	if kernels == nil {
		kernels = []lab.Kernel{}
	}
	kept := c.Kept()
	return p.print(kernels, func(w io.Writer) {
		if len(kernels) == 0 {
			fmt.Fprintln(w, "no kernels here; get one: kmodsh lab fetch 6.12")
		}
		for _, k := range kernels {
			fmt.Fprintf(w, "%-8s %-28s vm:%s\n", k.Source, k.Release, k.Release)
		}
		for _, k := range kept {
			fmt.Fprintf(w, "%-8s %-28s %s\n", "kept", fmt.Sprintf("%s, %d MB", k.At.Local().Format("2006-01-02 15:04"), k.Bytes>>20), k.Target)
		}
	})
}

func (p *program) labDoctor(ctx context.Context, args []string) error {
	if err := parse("lab doctor", &struct{}{}, args, labUsage); err != nil {
		return err
	}
	c, err := lab.OpenCache("")
	if err != nil {
		return err
	}
	stop := p.front.Meter.Start("looking")
	checks := c.Doctor(ctx, func(ctx context.Context) lab.Check { return accelerator(ctx, c) })
	stop()
	if p.Kernel != "" {
		k, err := lab.KernelFromPath(p.Kernel, p.Modules)
		if err != nil {
			return err
		}
		checks = append(checks, c.KernelChecks(k)...)
	}
	err = p.print(checks, func(w io.Writer) {
		for _, k := range checks {
			fmt.Fprintf(w, "%-8s %-20s %s\n", k.State, k.Name, k.Detail)
			if k.Fix != "" {
				fmt.Fprintf(w, "%30s%s\n", "mend it: ", k.Fix)
			}
		}
	})
	for _, k := range checks {
		if err == nil && k.State == lab.CheckMissing {
			err = cannotRun(k)
		}
	}
	return err
}

// cannotRun says what a check that failed means.
func cannotRun(k lab.Check) error {
	if k.OfKernel {
		return fmt.Errorf("the kernel cannot run as a guest: %s", k.Detail)
	}
	return fmt.Errorf("virtual machines cannot run here: %s is missing", k.Name)
}

// accelerator is the doctor's check of what QEMU can use.
func accelerator(ctx context.Context, c *lab.Cache) lab.Check {
	a, err := lab.ProbeAccel(ctx, c)
	switch {
	case err != nil:
		return lab.Check{Name: "accelerator", State: lab.CheckMissing, Detail: err.Error()}
	case a.Name == lab.AccelTCG:
		return lab.Check{Name: "accelerator", State: lab.CheckWarn, Detail: a.String()}
	}
	return lab.Check{Name: "accelerator", State: lab.CheckOK, Detail: a.String()}
}

// labBoot boots a kernel, says where the time went, and stays until Ctrl-C.
func (p *program) labBoot(ctx context.Context, args []string) error {
	var g struct {
		Exit   bool
		Kernel string `arg:"" optional:""`
	}
	if err := parse("lab boot", &g, args, labUsage); err != nil {
		return err
	}
	name := "vm"
	if g.Kernel != "" {
		name = "vm:" + strings.TrimPrefix(g.Kernel, "vm:")
	}
	began := time.Now()
	stop := p.front.Meter.Start("booting " + name)
	err := p.session.Open(ctx, name)
	stop()
	if err != nil {
		return err
	}
	p.front.Warn()
	info, err := p.session.Target().Info(ctx)
	if err != nil {
		return err
	}
	info.Facts = append(info.Facts, kernel.Fact{Name: "ready after", Value: time.Since(began).Round(time.Millisecond).String()})
	if err := ops.Write(p.front.Out, &ops.TargetInfo{Info: info}, p.JSON, p.front.OutStyle); err != nil || g.Exit {
		return err
	}
	if !p.JSON {
		fmt.Fprintln(p.front.Err, "it runs until Ctrl-C")
	}
	return p.watch(ctx)
}

// watch returns when the person, or the target, has had enough.
func (p *program) watch(ctx context.Context) error {
	t := p.session.Target()
	log := t.Events()
	for !log.Closed() {
		select {
		case <-ctx.Done():
			return nil
		case <-log.Changed():
		}
	}
	if err := t.Err(); err != nil && !errors.Is(err, kernel.ErrClosed) {
		return err
	}
	return nil
}
