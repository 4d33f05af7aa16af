package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
	"example.org/kmodsh/internal/shell"
	"example.org/kmodsh/internal/terminal"
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
	if p.On != "" {
		if err := p.tourTarget(args); err != nil {
			return err
		}
	}
	if err := p.front.Run(ctx, append([]string{"tour"}, args...)); err != nil {
		return err
	}
	switch {
	case p.JSON:
		return nil
	case term.IsTerminal(int(os.Stdin.Fd())):
		if term.IsTerminal(int(os.Stdout.Fd())) && !p.Plain && !dumb() {
			p.front.Watch = p.watchScreen
		}
		p.guard = terminal.Watch(os.Stdin)
		defer p.guard.End()
		return p.front.Interactive(ctx, shell.Prompt{
			In: os.Stdin, Out: os.Stdout, Plain: p.Plain || dumb(),
			History: shell.OpenHistory(shell.HistoryFile(os.Getenv)),
		})
	case p.session.TourWaits() != "":
		return p.front.Lesson(ctx, os.Stdin)
	}
	return nil
}

// tourTarget has lessons taken on the target that was asked for, if the one named
// is for it.
func (p *program) tourTarget(args []string) error {
	for _, word := range args {
		l, err := scenario.FindLesson(word)
		if err != nil {
			continue // a flag; or what the verb tells of
		}
		reason, skips := l.SkipsAll(p.On)
		if !skips && len(l.TargetsFor(p.On)) == 0 {
			reason, skips = "it is for "+strings.Join(l.Targets, " "), true
		}
		if skips {
			return &ops.UsageError{
				Verb: "tour", Msg: fmt.Sprintf("the lesson %s is not for %s: %s", l.Name, p.On, reason),
				Hint: "take it there: kmodsh tour " + word + "; its end says how the same is seen on a real kernel",
			}
		}
		p.session.LessonTarget = p.On
	}
	return nil
}
