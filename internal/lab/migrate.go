package lab

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"time"
)

const (
	// saveLimit is how long saving may take; it takes a tenth of a second.
	saveLimit = 30 * time.Second
	// migrateTick is how often QEMU is asked whether it is done.
	migrateTick = 2 * time.Millisecond
)

// Names by which QEMU knows the files that it was handed.
const (
	fdnameOut = "kmodsh-out"
	fdnameIn  = "kmodsh-in"
)

// write stops the machine, has QEMU write all of it into f, and lets it run on
// when it is wanted.
// still, unless nil, is called while the machine stands, once it is written.
// The machine runs on also after an error. No path and no shell are part of
// it: QEMU inherits the open file.
func (v *vm) write(ctx context.Context, f *os.File, still func()) (err error) {
	ctx, cancel := context.WithTimeout(ctx, saveLimit)
	defer cancel()
	if err := v.pulse.stand(ctx); err != nil {
		return err
	}
	began := false
	defer func() {
		// Not with ctx: it may be over, and the machine must go on.
		on, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveLimit)
		defer cancel()
		if err != nil && began {
			v.qmp.do(on, "migrate_cancel", nil, nil) // an error when it has ended by itself
		}
		if cerr := v.pulse.leave(on); cerr != nil && err == nil {
			err = cerr
		}
	}()
	if err := v.qmp.do(ctx, "migrate-set-parameters", map[string]any{"max-bandwidth": int64(10) << 30}, nil); err != nil {
		return err
	}
	wait, err := v.giveOut(ctx, f)
	if err != nil {
		return err
	}
	began = true
	err = v.qmp.do(ctx, "migrate", map[string]any{"uri": "fd:" + fdnameOut}, nil)
	if err == nil {
		err = v.migrated(ctx)
	}
	if werr := wait(err); werr != nil {
		return werr
	}
	if err == nil && still != nil {
		still()
	}
	return err
}

// giveOut hands QEMU the file to write to. wait returns once everything is
// there, and the reason when it is not; failed is what QEMU says.
func (v *vm) giveOut(ctx context.Context, f *os.File) (wait func(failed error) error, err error) {
	if v.qmp.filesByFD() {
		return func(failed error) error { return failed }, v.qmp.give(ctx, fdnameOut, f)
	}
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer w.Close()
	if err := v.qmp.give(ctx, fdnameOut, w); err != nil {
		r.Close()
		return nil, err
	}
	copied := make(chan error, 1)
	go func() {
		_, err := io.Copy(f, r)
		r.Close() // QEMU's next write fails
		copied <- err
	}()
	return func(failed error) error {
		if failed != nil {
			r.Close()
		}
		// When it could not be written, that is why QEMU failed.
		if err := <-copied; err != nil && !errors.Is(err, os.ErrClosed) {
			return err
		}
		return failed
	}, nil
}

// stop stops the guest's processors.
func (v *vm) stop(ctx context.Context) error { return v.qmp.do(ctx, "stop", nil, nil) }

// cont lets them run.
//
// QEMU says that a migration is complete a little before its own main loop has
// left it (qemu 7.2, migration_iteration_finish), and refuses to go on until
// then.
func (v *vm) cont(ctx context.Context) error {
	tick := time.NewTicker(migrateTick)
	defer tick.Stop()
	for {
		err := v.qmp.do(ctx, "cont", nil, nil)
		if err == nil || !strings.Contains(err.Error(), "not finalized") {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}

// migrated waits until a migration, out or in, is complete.
func (v *vm) migrated(ctx context.Context) error {
	tick := time.NewTicker(migrateTick)
	defer tick.Stop()
	for {
		var m struct {
			Status string `json:"status"`
			Error  string `json:"error-desc"`
		}
		if err := v.qmp.do(ctx, "query-migrate", nil, &m); err != nil {
			return err
		}
		switch m.Status {
		case "completed":
			return nil
		case "failed", "cancelled":
			if m.Error == "" {
				m.Error = "migration " + m.Status
			}
			return errors.New(clean(m.Error))
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// loadFrom brings a machine into a QEMU that waits for one; it stands still
// until cont. write writes the machine to a pipe: its error is the reason
// when QEMU says that it got only a part.
func (v *vm) loadFrom(ctx context.Context, write func(w *os.File) error) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	widen(w)
	err = v.qmp.give(ctx, fdnameIn, r)
	r.Close()
	if err != nil {
		w.Close()
		return err
	}
	written := make(chan error, 1)
	go func() {
		err := write(w)
		w.Close()
		written <- err
	}()
	err = v.qmp.do(ctx, "migrate-incoming", map[string]any{"uri": "fd:" + fdnameIn}, nil)
	if err == nil {
		err = v.migrated(ctx)
	}
	if err != nil {
		w.SetWriteDeadline(time.Now()) // a QEMU that takes no more
	}
	if werr := <-written; werr != nil && !errors.Is(werr, os.ErrDeadlineExceeded) && !errors.Is(werr, syscall.EPIPE) {
		return werr
	}
	return err
}

// loadFile brings the machine that a file holds into a QEMU that waits for one.
func (v *vm) loadFile(ctx context.Context, f *os.File) error {
	if !v.qmp.filesByFD() {
		return v.loadFrom(ctx, func(w *os.File) error { _, err := io.Copy(w, f); return err })
	}
	if err := v.qmp.give(ctx, fdnameIn, f); err != nil {
		return err
	}
	if err := v.qmp.do(ctx, "migrate-incoming", map[string]any{"uri": "fd:" + fdnameIn}, nil); err != nil {
		return fmt.Errorf("reading the saved machine: %w", err)
	}
	return v.migrated(ctx)
}
