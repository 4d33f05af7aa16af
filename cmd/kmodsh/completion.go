package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/alecthomas/kong"

	"example.org/kmodsh/internal/kmod/applet"
	"example.org/kmodsh/internal/ops"
	"example.org/kmodsh/internal/scenario"
)

// The scripts ask the program itself, which knows its verbs and what they take,
// so that they need not be made anew when a verb is.
var (
	//go:embed completion/kmodsh.bash
	bashScript string
	//go:embed completion/_kmodsh
	zshScript string
	//go:embed completion/kmodsh.fish
	fishScript string
)

const completionUsage = "usage: kmodsh completion bash|zsh|fish"

// completion prints the completion script of a shell, or, for the script, what
// the last of the words could become: a candidate on each line, a tab, and what
// it is.
func (p *program) completion(args []string) error {
	scripts := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}
	switch {
	case len(args) == 1 && scripts[args[0]] != "":
		_, err := fmt.Print(scripts[args[0]])
		return err
	case len(args) >= 1 && args[0] == "words":
		for _, c := range p.candidates(args[1:]) {
			note, _, _ := strings.Cut(c.Note, "\n")
			if _, err := fmt.Printf("%s\t%s\n", c.Text, note); err != nil {
				return err
			}
		}
		return nil
	}
	return &ops.UsageError{Verb: "completion", Msg: "which shell?", Hint: completionUsage}
}

// ownCommands are the words that are no verbs.
func ownCommands() []ops.Candidate {
	list := []ops.Candidate{
		{Text: "shell", Note: "a prompt, or a script"}, {Text: "run", Note: "scenarios, judged"},
		{Text: "scenario", Note: "the scenarios there are"}, {Text: "lab", Note: "kernels to boot"},
		{Text: "completion", Note: "completion for a shell"}, {Text: "man", Note: "the manual pages"},
	}
	for _, name := range applet.Names() {
		list = append(list, ops.Candidate{Text: name, Note: "as kmod's " + name})
	}
	return list
}

// candidates returns what the last of the words behind the program's name could
// become. None at all leaves it to the shell, which knows files.
func (p *program) candidates(words []string) []ops.Candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	before, word := words[:len(words)-1], words[len(words)-1]
	flags := p.flagsOf()
	for len(before) > 0 && strings.HasPrefix(before[0], "-") {
		name := before[0]
		before = before[1:]
		f := flagOf(flags, name)
		if f == nil || f.IsBool() || strings.Contains(name, "=") {
			continue
		}
		if len(before) == 0 {
			return p.valuesOf(f.Name, word)
		}
		if f.Name == "on" {
			p.On = before[0]
		}
		before = before[1:]
	}
	if len(before) == 0 {
		if strings.HasPrefix(word, "-") {
			var list []ops.Candidate
			for _, f := range flags {
				list = append(list, ops.Candidate{Text: "--" + f.Name, Note: f.Help})
			}
			return begins(word, list)
		}
		list := ownCommands()
		for _, v := range ops.Verbs() {
			list = append(list, ops.Candidate{Text: v.Name, Note: v.Short})
		}
		return begins(word, list)
	}
	return p.argument(before[0], before[1:], word)
}

// argument completes an argument of a command.
func (p *program) argument(command string, before []string, word string) []ops.Candidate {
	first := len(before) == 0
	choose := func(words ...string) []ops.Candidate {
		var list []ops.Candidate
		for _, w := range words {
			list = append(list, ops.Candidate{Text: w})
		}
		return begins(word, list)
	}
	switch {
	case command == "completion" && first:
		return choose("bash", "zsh", "fish")
	case command == "lab" && first:
		return choose("fetch", "list", "doctor", "boot", "driver")
	case command == "lab" && len(before) == 1 && before[0] == "driver":
		return choose("build")
	case command == "lab" && len(before) == 1 && before[0] == "boot":
		var list []ops.Candidate
		for _, c := range p.targets() {
			if name, ok := strings.CutPrefix(c.Text, "vm:"); ok {
				list = append(list, ops.Candidate{Text: name, Note: c.Note})
			}
		}
		return begins(word, list)
	case command == "scenario" && first:
		return choose("list", "show", "new", "check")
	case command == "run" && len(before) > 0 && before[len(before)-1] == "--on":
		return p.valuesOf("on", word)
	case command == "run", command == "scenario" && before[0] == "show":
		return p.valuesOf("scenario", word)
	}
	if _, err := ops.Lookup(command); err != nil {
		return nil
	}
	p.openForWords()
	defer p.session.Close()
	line := ops.Quote(command) + " "
	for _, w := range before {
		line += ops.Quote(w) + " "
	}
	_, list := p.session.Complete(line+word, len(line)+len(word))
	return list
}

// openForWords opens the target of the flags where that takes no time, so that
// its modules can be completed.
func (p *program) openForWords() {
	p.session.Targets, p.session.OpenTarget = p.targets, p.openTarget
	if kind, _, _ := strings.Cut(p.target(), ":"); kind != "sim" && kind != "trace" {
		return
	}
	// Without a target there are fewer words, and that is all.
	_ = p.session.Open(context.Background(), p.target())
}

// valuesOf returns the values of one of the program's own flags.
func (p *program) valuesOf(flag, word string) []ops.Candidate {
	switch flag {
	case "on":
		list := p.targets()
		names, err := filepath.Glob(strings.TrimPrefix(word, "trace:") + "*.trace")
		for _, n := range names {
			if err == nil {
				list = append(list, ops.Candidate{Text: "trace:" + n, Note: "a trace file"})
			}
		}
		return begins(word, list)
	case "scenario":
		var list []ops.Candidate
		for _, n := range scenario.Names() {
			list = append(list, ops.Candidate{Text: n, Note: "scenario"})
		}
		return begins(word, list)
	}
	return nil
}

// flagsOf returns the program's own flags.
func (p *program) flagsOf() []*kong.Flag {
	k, err := kong.New(new(flags), kong.NoDefaultHelp())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return nil
	}
	return k.Model.Flags
}

func flagOf(list []*kong.Flag, word string) *kong.Flag {
	name, _, _ := strings.Cut(word, "=")
	for _, f := range list {
		if name == "--"+f.Name || f.Short != 0 && name == "-"+string(f.Short) {
			return f
		}
	}
	return nil
}

func begins(word string, list []ops.Candidate) []ops.Candidate {
	var out []ops.Candidate
	for _, c := range list {
		if strings.HasPrefix(c.Text, word) {
			out = append(out, c)
		}
	}
	return out
}
