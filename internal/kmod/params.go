package kmod

import (
	"fmt"
	"strings"
)

// checkParams refuses what can't be parameters of one module.
func checkParams(params []string) error {
	for _, p := range params {
		name, _, _ := strings.Cut(p, "=")
		if name == "" || strings.ContainsAny(name, " \t\"'") || strings.ContainsFunc(p, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return fmt.Errorf("%q is no module parameter: give NAME=VALUE or NAME", clipText(p))
		}
	}
	return nil
}

// checkShell refuses parameters that a shell would not take as they are. An
// install command gets them in its text.
func checkShell(params []string) error {
	for _, p := range params {
		for _, c := range p {
			if c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("_-=.,:/+@%", c) {
				continue
			}
			return fmt.Errorf("parameter %q can't be passed to an install command: a shell would read %q in its own way", clipText(p), c)
		}
	}
	return nil
}
