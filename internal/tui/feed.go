package tui

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/trace"
)

// How often the screen looks at a target. Events are gathered for a frame
// before they are taken, so that a flood costs twenty updates a second and no
// more; the list is also read without events, for what no event tells.
const (
	frame = 50 * time.Millisecond
	poll  = time.Second
	batch = tailSize // events taken at once
)

// Messages from the target. Each carries the number of the attachment it
// belongs to: what a target answers after another took its place is dropped.
type (
	eventsMsg struct {
		epoch  int
		events []trace.Event
		closed bool
		cut    bool // the target has gone back: what was seen is no longer so
	}
	listMsg struct {
		epoch int
		asOf  uint64
		list  []kernel.Module
		err   error
		down  error
		debug *debugLook // instead of the list, where threads can be stepped
	}
	infoMsg struct {
		epoch int
		info  kernel.Info
		err   error
	}
	pollMsg     struct{ epoch int }
	progressMsg struct{ stages []Stage }
	panicMsg    struct{ err error }
)

// feed is one attachment to a target: at most one question of each kind is
// under way.
type feed struct {
	target  kernel.Target
	epoch   int
	ctx     context.Context
	cancel  context.CancelFunc
	listing bool   // a list is being read
	again   bool   // and another is wanted after it
	asking  bool   // info is being read
	logging bool   // the kernel's log is
	silent  int    // polls since the list was asked for
	cuts    uint64 // times the target had gone back when the attachment began

	tree    map[string][]string // what the module tree says modules depend on
	treeing bool                // and is being asked
}

// safe makes a command that turns a panic into a message, so that the screen
// ends by the ordinary way and the terminal is itself again.
func safe(f func() tea.Msg) tea.Cmd {
	return func() (msg tea.Msg) {
		defer func() {
			if r := recover(); r != nil {
				msg = panicMsg{fmt.Errorf("internal error: %v\n%s", r, debug.Stack())}
			}
		}()
		return f()
	}
}

// nextEvents waits for events after seq, not before pause has passed.
func (f *feed) nextEvents(seq uint64, pause time.Duration) tea.Cmd {
	ctx, epoch, log, cuts := f.ctx, f.epoch, f.target.Events(), f.cuts
	if log == nil {
		return nil
	}
	return safe(func() tea.Msg {
		if !sleep(ctx, pause) {
			return nil
		}
		for {
			changed := log.Changed()
			if log.Cuts() != cuts {
				return eventsMsg{epoch: epoch, cut: true}
			}
			if events, _ := log.After(seq, batch); len(events) > 0 {
				return eventsMsg{epoch: epoch, events: events}
			}
			if log.Closed() {
				return eventsMsg{epoch: epoch, closed: true}
			}
			select {
			case <-ctx.Done():
				return nil
			case <-changed:
			}
		}
	})
}

// list reads the module list, unless that is under way: then once more after.
func (f *feed) list(seq uint64, moved func() string) tea.Cmd {
	if f.listing {
		f.again = true
		return nil
	}
	f.listing, f.again, f.silent = true, false, 0
	ctx, epoch, target := f.ctx, f.epoch, f.target
	return safe(func() tea.Msg {
		if l := f.takeLook(moved); l != nil {
			return listMsg{epoch: epoch, debug: l}
		}
		list, err := target.Modules(ctx)
		return listMsg{epoch: epoch, asOf: seq, list: list, err: err, down: target.Err()}
	})
}

// info reads what describes the target.
func (f *feed) info() tea.Cmd {
	if f.asking {
		return nil
	}
	f.asking = true
	ctx, epoch, target := f.ctx, f.epoch, f.target
	return safe(func() tea.Msg {
		info, err := target.Info(ctx)
		return infoMsg{epoch, info, err}
	})
}

// tick asks for the next look without an event.
func (f *feed) tick() tea.Cmd {
	ctx, epoch := f.ctx, f.epoch
	return safe(func() tea.Msg {
		if !sleep(ctx, poll) {
			return nil
		}
		return pollMsg{epoch}
	})
}

// news waits for progress reports, not more than one look a frame.
func (b *mailbox) news(ctx context.Context) tea.Cmd {
	return safe(func() tea.Msg {
		select {
		case <-ctx.Done():
			return nil
		case <-b.full:
		}
		if !sleep(ctx, frame) {
			return nil
		}
		return progressMsg{b.read()}
	})
}

// sleep waits d; false when ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
