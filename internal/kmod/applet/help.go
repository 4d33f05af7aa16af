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
	// Scripts take the third word of the first line for the version of kmod
	// (the kernel's tools/testing/selftests/kmod/kmod.sh).
	_, err := fmt.Fprintf(p.Stdout, "kmod version 35 (%s of kmodsh)\n+ZSTD +XZ +ZLIB -OPENSSL\n", p.name)
	return err
}
