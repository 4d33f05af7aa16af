package main

import (
	_ "embed"
	"io"
	"strings"

	"github.com/alecthomas/kong"

	"example.org/kmodsh/internal/ops"
)

// flags are the words before the verb.
type flags struct {
	On       string   `placeholder:"TARGET"`
	JSON     bool     `name:"json"`
	Yes      bool     ``
	Config   []string `short:"C" sep:"none" placeholder:"CONF"`
	Kernel   string   `placeholder:"PATH"`
	Modules  string   `placeholder:"DIR"`
	Tree     string   `placeholder:"DIR"`
	Scenario string   `placeholder:"NAME"`
	Record   string   `placeholder:"FILE"`
	Plain    bool     ``
	ASCII    bool     `name:"ascii"`
	NoColor  bool     `name:"no-color"`
	Version  bool     ``
	Help     bool     `short:"h"`
	Words    []string `arg:"" optional:"" passthrough:"" sep:"none"`
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
