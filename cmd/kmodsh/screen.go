package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"example.org/kmodsh/internal/kernel"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/recording"
	"example.org/kmodsh/internal/shell"
	"example.org/kmodsh/internal/terminal"
	"example.org/kmodsh/internal/tui"
)

// screen shows the full screen.
func (p *program) screen(ctx context.Context) error {
	if p.JSON {
		return &ops.UsageError{Verb: "kmodsh", Msg: "--json needs a verb", Hint: "kmodsh --help shows the usage"}
	}
	if p.Plain {
		return p.plainScreen(ctx)
	}
	if !term.IsTerminal(int(os.Stdin.Fd())) || !term.IsTerminal(int(os.Stdout.Fd())) {
		return &ops.UsageError{
			Verb: "kmodsh", Msg: "the full screen needs a terminal for input and output",
			Hint: "run a verb (kmodsh help lists them) or a script (kmodsh shell FILE)",
		}
	}
	if dumb() { // what the screen would write could not be read
		p.Plain = true
		p.setUp()
		return p.plainScreen(ctx)
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
	p.guard = terminal.Watch(os.Stdin)
	defer p.guard.End()
	opt.OnScreen = p.guard.Screen
	err := tui.Run(ctx, p.session, opt)
	if cause := context.Cause(ctx); cause != nil && errors.Is(err, context.Canceled) {
		return cause
	}
	return err
}

// plainScreen is the screen for those who hear it: the same race, ready to step,
// at a prompt of plain lines that tells in sentences how things stand.
func (p *program) plainScreen(ctx context.Context) error {
	if err := p.open(ctx); err != nil {
		return err
	}
	race := p.Tree == "" && p.Scenario == "" && !strings.HasPrefix(p.target(), recording.Prefix)
	if d, ok := p.session.Target().(kernel.Debugger); ok && race && d.Can(kernel.OpDebug) == nil && p.sim() {
		for _, line := range ops.Race() {
			if err := p.front.RunLine(ctx, line); err != nil {
				return err
			}
		}
		fmt.Fprintln(os.Stdout, "A race is ready. continue runs A into the window; continue again runs B to its answer. back goes back, help lists the verbs, quit ends.")
	}
	p.front.Tells = true
	p.front.Tell(ctx)
	return p.front.Interactive(ctx, shell.Prompt{
		In: os.Stdin, Out: os.Stdout, Plain: true, History: shell.OpenHistory(shell.HistoryFile(os.Getenv)),
	})
}

// sim says whether the target is a simulated kernel, for which nothing is lost
// by debugging it.
func (p *program) sim() bool { return kernel.IsSim(p.target()) }

// screenOptions are those of the flags.
func (p *program) screenOptions() tui.Options {
	history := shell.OpenHistory(shell.HistoryFile(os.Getenv))
	opt := tui.Options{ASCII: p.ASCII || p.Plain, NoMouse: p.NoMouse, Light: p.Light, History: history.Lines(), Remember: history.Add}
	if p.NoColor || p.Plain {
		opt.Color = tui.Never
	}
	return opt
}

// watchScreen shows the screen on the target that the session has, until it is left.
func (p *program) watchScreen(ctx context.Context) error {
	p.onScreen = true
	defer func() { p.onScreen = false }()
	opt := p.screenOptions()
	opt.OnScreen = p.guard.Screen
	return tui.Run(ctx, p.session, opt)
}
