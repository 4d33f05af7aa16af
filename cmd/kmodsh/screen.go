package main

import (
	"context"
	"errors"
	"os"
	"strings"

	"golang.org/x/term"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/shell"
	"example.org/kmodsh/internal/tui"
)

// screen shows the full screen.
func (p *program) screen(ctx context.Context) error {
	if p.JSON {
		return &ops.UsageError{Verb: "kmodsh", Msg: "--json needs a verb", Hint: "kmodsh --help shows the usage"}
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return &ops.UsageError{
			Verb: "kmodsh", Msg: "the full screen needs a terminal for input and output",
			Hint: "run a verb (kmodsh help lists them) or a script (kmodsh shell FILE)",
		}
	}
	opt := p.screenOptions()
	opt.Target = p.target()
	// The race is about a module that a tree from elsewhere may not have.
	opt.Race = p.Tree == "" && !strings.HasPrefix(p.target(), recording.Prefix)
	p.onScreen = true
	if p.Scenario != "" || p.Record != "" {
		if err := p.open(ctx); err != nil {
			return err
		}
	}
	err := tui.Run(ctx, p.session, opt)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// screenOptions are those of the flags.
func (p *program) screenOptions() tui.Options {
	history := shell.OpenHistory(shell.HistoryFile(os.Getenv))
	opt := tui.Options{ASCII: p.ASCII || p.Plain, History: history.Lines(), Remember: history.Add}
	if p.NoColor || p.Plain {
		opt.Color = tui.Never
	}
	return opt
}

// watchScreen shows the screen on the target that the session has, until it is left.
func (p *program) watchScreen(ctx context.Context) error {
	p.onScreen = true
	defer func() { p.onScreen = false }()
	return tui.Run(ctx, p.session, p.screenOptions())
}
