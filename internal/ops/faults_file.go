package ops

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"example.org/kmodsh/internal/kernel"
)

// ReadFaultPlan reads the fault plan in a file.
func ReadFaultPlan(name string) (kernel.FaultPlan, error) {
	f, err := os.Open(name)
	if err != nil {
		return kernel.FaultPlan{}, &UsageError{Msg: "fault plan: " + err.Error()}
	}
	defer f.Close()
	p, err := kernel.ParseFaultPlan(f)
	if err != nil {
		return p, &UsageError{Msg: clean(name, false) + ": " + err.Error()}
	}
	return p, nil
}

// save writes the faults in force to a file that is not there yet.
func (c *faultsCommand) save(ctx context.Context, d kernel.Debugger) (Result, error) {
	snap, err := d.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	p := kernel.FaultPlan{Name: strings.Join(strings.Fields(clean(c.Name, false)), " ")}
	for _, f := range snap.Faults {
		if f.Watches() {
			continue // a breakpoint's
		}
		f.Number, f.Hits = 0, 0
		p.Faults = append(p.Faults, f)
	}
	if snap.Helper != "real" {
		p.Helper = snap.Helper
	}
	f, err := os.OpenFile(c.File, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, os.ErrExist) {
		return nil, &UsageError{Msg: clean(c.File, false) + " is there already: it is not written over"}
	}
	if err != nil {
		return nil, fmt.Errorf("writing the fault plan: %w", err)
	}
	if err := errors.Join(p.Write(f), f.Close()); err != nil {
		return nil, fmt.Errorf("writing the fault plan: %w", err)
	}
	r, err := listFaults(ctx, d)
	return r, err
}

// loadFaults puts the faults of a file in force, besides those that are.
func (s *Session) loadFaults(ctx context.Context, d kernel.Debugger, name string) (Result, error) {
	p, err := ReadFaultPlan(name)
	if err != nil {
		return nil, err
	}
	s.changing(d)
	for _, f := range p.Faults {
		if _, err := d.AddFault(ctx, f); err != nil {
			return nil, fmt.Errorf("%s: %w", f, err)
		}
	}
	if p.Helper != "" {
		if err := d.Set(ctx, "helper="+p.Helper); err != nil {
			return nil, fmt.Errorf("lie %s: %w", p.Helper, err)
		}
	}
	return listFaults(ctx, d)
}
