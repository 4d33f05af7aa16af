package applet

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed help.txt
var helpText string

// help prints the part of help.txt that is about the applet: from the line
// "== NAME" to the next.
func (p *program) help() error {
	_, text, _ := strings.Cut(helpText, "== "+p.name+"\n")
	text, _, _ = strings.Cut(text, "== ")
	_, err := fmt.Fprint(p.Stdout, text)
	return err
}

// version prints what the applet is.
func (p *program) version() error {
	_, err := fmt.Fprintf(p.Stdout, "%s of kmodsh, with the flags of kmod 30\n", p.name)
	return err
}
