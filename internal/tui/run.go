package tui

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"example.org/kmodsh/internal/ops"
)

// Options say where and how the screen is drawn. The zero value draws on the
// program's own terminal with what its environment says of it.
type Options struct {
	Input  io.Reader // keys; nil is standard input
	Output io.Writer // nil is standard output
	Color  Mode      // Auto asks Environ
	Light  bool      // the terminal's background is light, whatever Environ says
	ASCII  bool      // draw with ASCII only, whatever Environ says
	// NoMouse leaves the mouse to the terminal, which marks text with it.
	NoMouse bool
	// Environ is the environment in the form of os.Environ; nil is the
	// program's own.
	Environ []string
	// Target is opened by the session's OpenTarget while the screen is up
	// already. "" leaves the session the target it has.
	Target string
	// Race sets up the built-in race, ready to step, on a target opened by the
	// screen whose threads can be stepped.
	Race bool
	// History holds command lines to recall, oldest first.
	History []string
	// Remember is called with each command line that is run, in order and one
	// at a time; nil when nothing keeps them.
	Remember func(line string)
	// OnScreen is called when the screen goes up, and when it is left, also for a
	// while (Ctrl-Z); nil when nobody wants to know.
	OnScreen func(up bool)
}

// lastWait is how long the end waits for a verb that was cancelled.
const lastWait = 10 * time.Second

// Run shows the full screen until the person quits, which is no error, or ctx
// ends. The target stays the session's: who made the session closes it, also
// one that was opened here. The terminal is as before when Run returns. A
// panic inside is returned as an error that holds the stack.
func Run(ctx context.Context, s *ops.Session, opt Options) error {
	work, cancel := context.WithCancel(ctx)
	defer cancel()
	m := New(work, s, opt)
	before := s.Progress
	s.Progress = m.progress.report
	defer func() { s.Progress = before }()

	// All that ends the screen from outside (SIGINT, and ctx, which the caller ends
	// at other signals) ends it as a key does. Bubble Tea's own handler of signals
	// could wait for ever for a loop that a context had ended, and with a context
	// of its own it closes the terminal while that is still being read.
	ending, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	options := []tea.ProgramOption{tea.WithAltScreen(), tea.WithoutSignalHandler()}
	if m.noMouse = opt.NoMouse; !opt.NoMouse {
		options = append(options, tea.WithMouseCellMotion())
	}
	if opt.Input != nil {
		options = append(options, tea.WithInput(opt.Input))
	}
	if opt.Output != nil {
		options = append(options, tea.WithOutput(opt.Output))
	}
	p := tea.NewProgram(m, options...)
	defer context.AfterFunc(ending, p.Quit)()
	m.onScreen(true)
	_, err := p.Run()
	m.onScreen(false)
	cancel()
	m.work.end(lastWait)
	switch {
	case m.panic != nil:
		return m.panic
	case errors.Is(err, tea.ErrProgramPanic):
		return fmt.Errorf("internal error in the screen: %w", err)
	case ctx.Err() != nil:
		return context.Canceled
	case err == nil, errors.Is(err, tea.ErrInterrupted):
		return nil
	}
	return fmt.Errorf("full screen: %w", err)
}

// onScreen tells who wants to know that the screen is up, or is not.
func (m *Model) onScreen(up bool) {
	if m.opt.OnScreen != nil {
		m.opt.OnScreen(up)
	}
}

// resolve fills in what the options leave to the environment.
func (o *Options) resolve() {
	if o.Environ == nil {
		o.Environ = os.Environ()
	}
	if o.Color == Auto {
		o.Color = modeOf(o.Environ)
	}
	o.Light = o.Light || lightOf(o.Environ)
	o.ASCII = o.ASCII || asciiOf(o.Environ)
}
