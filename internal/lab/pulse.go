package lab

import (
	"context"
	"sync"
	"time"
)

// pulse lets the processors of a machine run only while somebody wants something
// of it: between two calls it stands, and no time passes in it, however long a
// person thinks.
type pulse struct {
	stop, cont func(context.Context) error

	mu     sync.Mutex // held while the processors are stopped or let go
	wanted int        // calls under way
	still  int        // saves under way, for which it has to stand
	stands bool
	saved  bool        // and was saved since it ran last
	timer  *time.Timer // stops it, a little after the last call
	closed bool
}

const (
	// pulseGrace is how long a machine runs on after a call: another one often
	// follows at once.
	pulseGrace = 5 * time.Millisecond
	// pulseLimit is how long stopping and going on may take; each takes a
	// thousandth of a second.
	pulseLimit = 30 * time.Second
)

// begin has the machine run until end.
func (p *pulse) begin(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted++
	if err := p.goOn(ctx); err != nil {
		p.wanted--
		return err
	}
	return nil
}

// goOn lets the processors run unless they have to stand; p.mu is held.
func (p *pulse) goOn(ctx context.Context) error {
	if !p.stands || p.still > 0 {
		return nil
	}
	// Not with ctx alone: a command that QEMU carries out is not taken back.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pulseLimit)
	defer cancel()
	if err := p.cont(ctx); err != nil {
		return err
	}
	p.stands, p.saved = false, false
	return nil
}

// end is the end of what begin began.
func (p *pulse) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted--
	p.rest()
}

// rest has the machine stand soon, if nobody wants anything; p.mu is held.
func (p *pulse) rest() {
	if p.wanted > 0 || p.stands || p.closed {
		return
	}
	if p.timer == nil {
		p.timer = time.AfterFunc(pulseGrace, p.tire)
		return
	}
	p.timer.Reset(pulseGrace)
}

// tire stops the machine unless it is wanted again. When that fails it runs on,
// which costs time and nothing else.
func (p *pulse) tire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wanted > 0 || p.stands || p.closed {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), pulseLimit)
	defer cancel()
	if p.stop(ctx) == nil {
		p.stands = true
	}
}

// stand has the machine stand until leave, to be saved. QEMU does not save one
// that has not run since it was saved (qapi/run-state.json, postmigrate), so
// such a one runs for a moment before.
func (p *pulse) stand(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.saved && p.still == 0 {
		if err := p.goOn(ctx); err != nil {
			return err
		}
	}
	if !p.stands {
		if err := p.stop(ctx); err != nil {
			return err
		}
		p.stands = true
	}
	p.still++
	return nil
}

// leave is the end of stand: the machine runs on if it is wanted.
func (p *pulse) leave(ctx context.Context) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.still--
	p.saved = p.stands
	if p.wanted == 0 {
		return nil
	}
	return p.goOn(ctx)
}

// close is the end of it: the machine is gone.
func (p *pulse) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
