package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	prompt "github.com/c-bata/go-prompt"

	"example.org/kmodsh/internal/ops"
)

// Prompt says where the prompt is.
type Prompt struct {
	In, Out *os.File // the terminal
	// Plain asks for lines without an editor: for terminals that can't move
	// the cursor.
	Plain   bool
	History *History
}

// Interactive runs what is typed at a prompt until the verb quit, the end of
// input (Ctrl-D), or ctx ends, whose cause is then the error. A verb that fails
// does not end it. The terminal is left as it was found.
func (f *Front) Interactive(ctx context.Context, p Prompt) error {
	if p.Plain || !haveControllingTerminal() {
		return f.plain(ctx, p)
	}
	fmt.Fprintln(f.Out, "help lists the verbs, Tab completes, Ctrl-D leaves.")
	c := newConsole(ctx, p.In)
	defer c.close()
	editor := f.editor(c, p.History)
	for {
		line := editor.Input()
		select {
		case why := <-c.stop:
			if why == ended {
				return context.Cause(ctx) // nil when the terminal went away
			}
			continue // the editor has kept what was typed
		default:
		}
		if line == "" && c.last == ctrlD {
			return nil
		}
		p.History.Add(line)
		if done, err := f.step(ctx, line); done {
			return err
		}
	}
}

const ctrlD = 4

// step runs a line that was typed; done when it was the last.
func (f *Front) step(ctx context.Context, line string) (done bool, err error) {
	line = f.Session.TourLine(line)
	err = f.RunLine(ctx, line)
	if errors.Is(err, ops.ErrQuit) {
		return true, nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return true, cause
	}
	f.Fail(err)
	return false, nil
}

// haveControllingTerminal says whether the editor can start: it opens /dev/tty
// to no purpose, and panics where that fails.
func haveControllingTerminal() bool {
	f, err := os.Open("/dev/tty")
	if err != nil {
		return false
	}
	f.Close()
	return true
}

// prefix is the prompt: the target's name.
func (f *Front) prefix() string {
	if waits := f.Session.TourWaits(); waits != "" {
		return "(" + waits + ") "
	}
	if t := f.Session.Target(); t != nil {
		return printable(t.Name()) + "> "
	}
	return "(no target)> "
}

// editor makes the line editor. There is one for all lines: each takes a file
// descriptor that it never gives back.
func (f *Front) editor(c *console, h *History) *prompt.Prompt {
	options := []prompt.Option{
		prompt.OptionParser(c),
		prompt.OptionLivePrefix(func() (string, bool) { return f.prefix(), true }),
		prompt.OptionHistory(h.Lines()),
		prompt.OptionMaxSuggestion(6),
		prompt.OptionAddKeyBind(prompt.KeyBind{Key: prompt.ControlZ, Fn: func(*prompt.Buffer) { c.suspend() }}),
		prompt.OptionSetExitCheckerOnInput(func(_ string, lineEnded bool) bool { return !lineEnded && len(c.stop) > 0 }),
	}
	options = append(options, colors(f.OutStyle.Color)...)
	return prompt.New(func(string) {}, f.suggest, options...)
}

// colors are those of the candidates; without colour all of them are the
// terminal's own, and the candidate chosen is seen in the line.
func colors(color bool) []prompt.Option {
	text, chosen, back, marked := prompt.DefaultColor, prompt.DefaultColor, prompt.DefaultColor, prompt.DefaultColor
	if color {
		text, chosen, back, marked = prompt.White, prompt.Black, prompt.DarkGray, prompt.Cyan
	}
	return []prompt.Option{
		prompt.OptionPrefixTextColor(prompt.DefaultColor),
		prompt.OptionPreviewSuggestionTextColor(prompt.DefaultColor),
		prompt.OptionSuggestionTextColor(text), prompt.OptionSuggestionBGColor(back),
		prompt.OptionDescriptionTextColor(text), prompt.OptionDescriptionBGColor(back),
		prompt.OptionSelectedSuggestionTextColor(chosen), prompt.OptionSelectedSuggestionBGColor(marked),
		prompt.OptionSelectedDescriptionTextColor(chosen), prompt.OptionSelectedDescriptionBGColor(marked),
		prompt.OptionScrollbarBGColor(back), prompt.OptionScrollbarThumbColor(marked),
	}
}

// suggest gives the editor the candidates for the word at the cursor. The
// editor replaces what is behind the last space, so a word that has spaces in
// quotes gets none.
func (f *Front) suggest(d prompt.Document) []prompt.Suggest {
	text := d.TextBeforeCursor()
	if strings.TrimSpace(text) == "" {
		return nil
	}
	start, list := f.Session.Complete(text, len(text))
	word := text[start:]
	if strings.ContainsRune(word, ' ') || len(list) == 1 && list[0].Text == word {
		return nil
	}
	var out []prompt.Suggest
	for _, c := range list {
		out = append(out, prompt.Suggest{Text: printable(c.Text), Description: printable(c.Note)})
	}
	return out
}

// plain is a prompt without an editor: the terminal's own line discipline does
// what little it can.
func (f *Front) plain(ctx context.Context, p Prompt) error {
	type input struct {
		line string
		err  error
	}
	typed := make(chan input)
	next := make(chan struct{})
	defer close(next)
	go func() {
		r := bufio.NewReaderSize(p.In, maxScriptLine)
		for range next {
			line, err := r.ReadString('\n')
			typed <- input{line, err}
		}
	}()
	for {
		fmt.Fprint(f.Out, f.prefix())
		next <- struct{}{}
		var in input
		select {
		case <-ctx.Done():
			go func() { <-typed }() // a read of a terminal cannot be called off
			return context.Cause(ctx)
		case in = <-typed:
		}
		line := strings.TrimRight(in.line, "\r\n")
		if utf8.ValidString(line) {
			p.History.Add(line)
		}
		if done, err := f.step(ctx, line); done {
			return err
		}
		if errors.Is(in.err, io.EOF) {
			fmt.Fprintln(f.Out)
			return nil
		} else if in.err != nil {
			return fmt.Errorf("reading the terminal: %w", in.err)
		}
	}
}
