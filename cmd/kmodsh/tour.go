package main

import (
	"context"
	"os"

	"golang.org/x/term"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/shell"
)

// tour takes a lesson: at a prompt, or with the answers on standard input.
func (p *program) tour(ctx context.Context, args []string) error {
	v, err := ops.Lookup("tour")
	if err != nil {
		return err
	}
	if err := v.Check(args); err != nil {
		return err
	}
	if err := p.front.Run(ctx, append([]string{"tour"}, args...)); err != nil {
		return err
	}
	switch {
	case p.JSON:
		return nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		if term.IsTerminal(int(os.Stdout.Fd())) && !p.Plain {
			p.front.Watch = p.watchScreen
		}
		return p.front.Interactive(ctx, shell.Prompt{
			In: os.Stdin, Out: os.Stdout, Plain: p.Plain || os.Getenv("TERM") == "dumb",
			History: shell.OpenHistory(shell.HistoryFile(os.Getenv)),
		})
	case p.session.TourWaits() != "":
		return p.front.Lesson(ctx, os.Stdin)
	}
	return nil
}
