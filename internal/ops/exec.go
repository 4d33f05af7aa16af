package ops

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/alecthomas/kong"

	"example.org/kmodsh/internal/kernel"
)

// Exec runs one verb. words are the verb and its arguments, as Split gives
// them. A word -h or --help among the arguments shows the verb's help instead.
//
// The error is a *UsageError when the words were not understood, an
// *UnsupportedError of package kernel or ErrNoTarget when there is no target
// that can do it, ErrQuit from the verb quit, and else whatever the verb
// failed with. A result may come with an error: as far as it got. The result
// is nil when there is nothing to say.
func (s *Session) Exec(ctx context.Context, words []string) (Result, error) {
	if len(words) == 0 {
		return nil, nil
	}
	res, err := s.exec(context.WithValue(ctx, nestedKey{}, true), words)
	if ctx.Value(nestedKey{}) == nil {
		err = s.hinted(ctx, words, err)
	}
	return res, s.recorded(ctx, words, res, err)
}

// exec is Exec without a trace of it.
func (s *Session) exec(ctx context.Context, words []string) (Result, error) {
	v, err := Lookup(words[0])
	if err != nil {
		return nil, err
	}
	args := words[1:]
	if wantsHelp(args) {
		return v.help(), nil
	}
	cmd := v.New()
	parser, err := v.parser(cmd)
	if err != nil {
		return nil, err
	}
	if err := parseWords(parser, cmd, args); err != nil {
		return nil, v.usageError(plainMessage(err))
	}
	if needsTarget(cmd) {
		if err := s.Available(v); err != nil {
			return nil, err
		}
	}
	res, err := cmd.Run(ctx, s)
	var misspelt *kernel.WordsError
	if errors.As(err, &misspelt) {
		err = &UsageError{Msg: misspelt.Msg}
	}
	var usage *UsageError
	if errors.As(err, &usage) && usage.Verb == "" && usage.Hint == "" {
		return res, v.usageError(usage.Msg)
	}
	return res, err
}

// needsTarget says whether a verb, with the words that it was given, needs of the
// target what its definition says: not where they name a tree of this machine
// (ownTree), nor where the tree would only add to the answer (treeOptional).
func needsTarget(cmd Command) bool {
	if c, ok := cmd.(interface{ ownTree() bool }); ok && c.ownTree() {
		return false
	}
	c, ok := cmd.(interface{ treeOptional() bool })
	return !ok || !c.treeOptional()
}

// wantsHelp finds -h or --help before a word -- ends the flags.
func wantsHelp(args []string) bool {
	if i := slices.Index(args, "--"); i >= 0 {
		args = args[:i]
	}
	return slices.Contains(args, "-h") || slices.Contains(args, "--help")
}

// parseWords has the parser fill in cmd. Of a verb that passes words on to a module
// those behind the first -- are no flags, and are not looked at: as with modprobe,
// which also takes a second -- for one of them.
func parseWords(parser *kong.Kong, cmd Command, args []string) error {
	c, ok := cmd.(interface{ passOn(words []string) })
	i := slices.Index(args, "--")
	if !ok || i < 0 || i == len(args)-1 {
		_, err := parser.Parse(args)
		return err
	}
	if _, err := parser.Parse(args[:i]); err == nil {
		c.passOn(args[i+1:])
		return nil
	}
	if _, err := parser.Parse(args[:i+2]); err != nil { // the name stands behind it, too
		return err
	}
	c.passOn(args[i+2:])
	return nil
}

func (v *Verb) usageError(msg string) *UsageError {
	return &UsageError{Verb: v.Name, Msg: msg, Hint: cmp.Or(v.modprobesFlag(msg), "usage: "+v.Synopsis())}
}

// Synopsis returns the verb with its arguments in words.
func (v *Verb) Synopsis() string {
	if v.Usage == "" {
		return v.Name
	}
	return v.Name + " " + v.Usage
}

// parser returns a parser of the verb's arguments that fills in cmd.
func (v *Verb) parser(cmd Command) (*kong.Kong, error) {
	p, err := kong.New(cmd, kong.Name(v.Name), kong.NoDefaultHelp(), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		return nil, fmt.Errorf("the arguments of %s are declared wrongly: %w", v.Name, err)
	}
	return p, nil
}

// Check looks whether args are arguments the verb can take, without running
// it. The error is a *UsageError.
func (v *Verb) Check(args []string) error {
	if wantsHelp(args) {
		return nil
	}
	cmd := v.New()
	parser, err := v.parser(cmd)
	if err != nil {
		return err
	}
	if err := parseWords(parser, cmd, args); err != nil {
		return v.usageError(plainMessage(err))
	}
	return nil
}

// WantsTarget says whether the verb, with these arguments, looks at or changes
// a target that is there already.
func (v *Verb) WantsTarget(args []string) bool {
	if wantsHelp(args) {
		return false
	}
	if len(v.Needs) > 0 {
		return true
	}
	if c, ok := v.New().(interface{ wantsTarget(args []string) bool }); ok {
		return c.wantsTarget(args)
	}
	return false
}
