package main

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"example.org/kmodsh/internal/ops"
)

// flags are the words before the verb.
type flags struct {
	On       string   `placeholder:"TARGET" help:"kernel to drive"`
	JSON     bool     `name:"json" help:"results and errors as JSON"`
	Yes      bool     `help:"really load and unload on host"`
	Config   []string `short:"C" sep:"none" placeholder:"CONF" help:"modprobe.d directory or file"`
	Kernel   string   `placeholder:"PATH" help:"boot this kernel"`
	Modules  string   `placeholder:"DIR" help:"module tree of --kernel"`
	Budget   int      `placeholder:"MIB" help:"disk space for going back on a machine, in MiB"`
	Tree     string   `placeholder:"DIR" help:"module tree for a simulated kernel"`
	Scenario string   `placeholder:"NAME" help:"begin with the threads of a scenario"`
	Record   string   `placeholder:"FILE" help:"record all that happens to a trace file"`
	Plain    bool     `help:"plain lines of ASCII"`
	ASCII    bool     `name:"ascii" help:"no characters but ASCII"`
	NoColor  bool     `name:"no-color" help:"no colours"`
	Light    bool     `help:"colours for a light background"`
	NoMouse  bool     `name:"no-mouse" help:"leave the mouse to the terminal"`
	Version  bool     `help:"the version"`
	Help     bool     `short:"h" help:"the usage"`
	Words    []string `arg:"" optional:"" passthrough:"" sep:"none"`
}

// behind says of a flag that a verb does not know where it goes, when it is one of
// those before the verb.
func (f *flags) behind(err error) error {
	var usage *ops.UsageError
	if !errors.As(err, &usage) || len(f.Words) == 0 {
		return err
	}
	name, ok := strings.CutPrefix(usage.Msg, "unknown flag --")
	if !ok {
		return err
	}
	k, kerr := kong.New(new(flags), kong.NoDefaultHelp())
	if kerr != nil {
		return err
	}
	for _, flag := range k.Model.Flags {
		if flag.Name == name {
			usage.Hint = fmt.Sprintf("it goes before the verb: kmodsh --%s %s", strings.TrimPrefix(flag.Summary(), "--"), f.Words[0])
		}
	}
	return err
}

//go:embed usage.txt
var usage string

// parse takes the words of the command line into a grammar. The error is a
// *ops.UsageError.
func parse(name string, grammar any, args []string, hint string) error {
	p, err := kong.New(grammar, kong.Name(name), kong.NoDefaultHelp(), kong.Writers(io.Discard, io.Discard))
	if err != nil {
		return err
	}
	if _, err := p.Parse(args); err != nil {
		msg := err.Error()
		if rest, ok := strings.CutPrefix(msg, `expected "<`); ok {
			missing, _, _ := strings.Cut(rest, ">")
			msg = "missing " + strings.ToUpper(missing)
		}
		return &ops.UsageError{Verb: name, Msg: msg, Hint: hint}
	}
	return nil
}
