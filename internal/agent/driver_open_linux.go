package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"syscall"

	"example.org/kmodsh/internal/agent/wire"
	"example.org/kmodsh/internal/inject"
	"example.org/kmodsh/internal/kernel"
)

// driver returns the test driver, nil when it is not there.
func (d *debugger) driver() *driver {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.drv
}

// errNoDriver says what cannot be done without the test driver, and why it is
// not there.
func (d *debugger) errNoDriver(what string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	why := d.noDrv
	if why == "" {
		why = "nobody has loaded it"
	}
	return &kernel.UnsupportedError{Op: kernel.OpDebug, Why: what + " needs the test driver: " + why}
}

// doDriver loads the test driver and begins a session with it, unless there is
// one. That there is no driver is no error: what needs it says so.
func (d *debugger) doDriver(context.Context, json.RawMessage) (any, error) {
	if d.driver() != nil {
		return wire.Driver{Loaded: true}, nil
	}
	dr, err := d.openDriver()
	d.mu.Lock()
	defer d.mu.Unlock()
	if err != nil {
		d.noDrv = err.Error()
		return wire.Driver{Why: d.noDrv}, nil
	}
	d.drv, d.noDrv = dr, ""
	return wire.Driver{Loaded: true}, nil
}

func (d *debugger) openDriver() (*driver, error) {
	k, err := kernel.NewLinux()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(wire.DriverFile)
	if errors.Is(err, os.ErrNotExist) {
		hint := "kmodsh lab driver build"
		if boot, err := readBoot(); err == nil && boot.DriverHint != "" {
			hint = boot.DriverHint
		}
		return nil, errors.New("it was not built for this kernel; build it with: " + hint)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if err := k.Finit(context.Background(), f, "", 0); err != nil && !errors.Is(err, syscall.EEXIST) {
		return nil, fmt.Errorf("it could not be loaded: %w", err)
	}
	c, err := inject.Open()
	if err != nil {
		return nil, err
	}
	dr := newDriver(c, d.steps, d.stream, d.spawn)
	dr.judge = judgeRequest
	d.spawn(func() {
		if err := dr.read(); err != nil {
			fmt.Fprintln(os.Stderr, "kmodsh-agent:", err)
		}
	})
	d.stream.hearDriver(func(n uint64) error { return c.Send(inject.Sync{N: n}) })
	dr.version = versionOf(k.Release())
	if dr.hooked, err = setHooks(c, dr.version); err != nil {
		c.Close()
		return nil, err
	}
	d.steps.mu.Lock()
	d.steps.ties = dr
	d.steps.mu.Unlock()
	return dr, nil
}
